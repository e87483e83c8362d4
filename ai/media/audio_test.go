package media

import (
	"testing"
	"time"
)

// TestLengthOfSpeech reads from the headers how long ten words are spoken.
func TestLengthOfSpeech(t *testing.T) {
	t.Parallel()
	const text = "one two three four five six seven eight nine ten"
	if h := inspectAudio(MakeWAV(text, 16000)); h.length != 4*time.Second {
		t.Errorf("the WAV lasts %s", h.length)
	}
	if h := inspectAudio(MakeMP3(text)); h.length < 3900*time.Millisecond || h.length > 4*time.Second {
		t.Errorf("the MP3 lasts %s", h.length)
	}
}

func FuzzMedia(f *testing.F) {
	f.Add(MakeWAV("hello", 8000))
	f.Add(MakeMP3("hello"))
	f.Add([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7fCOMM"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if h := inspectAudio(data); h.length < 0 {
			t.Errorf("%+v", h)
		}
	})
}
