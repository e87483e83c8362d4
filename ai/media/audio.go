package media

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"time"

	"flint/ai/inference"
)

// Speech that flint makes carries its text in a comment of the file, from which
// flint's speech recognition reads it back.

const (
	wordDuration    = 400 * time.Millisecond // of one spoken word
	maxSpokenWords  = 5_000                  // words of one MP3 file
	maxCommentBytes = 256 << 10              // bytes of the text in a file that are read back
	sampleBytes     = 2
)

// speechBytes is the size of the samples of a spoken text.
func speechBytes(words, rate int) int {
	return sampleBytes * max(1, max(1, words)*rate*int(wordDuration/time.Millisecond)/1000)
}

// MakeWAV is text as mono PCM of 16 bits: one tone a letter, silence a space.
func MakeWAV(text string, rate int) []byte {
	comment := infoChunk(text)
	size := speechBytes(len(strings.Fields(text)), rate)
	b := make([]byte, 0, 44+len(comment)+size)
	le := binary.LittleEndian
	b = le.AppendUint32(append(b, "RIFF"...), uint32(4+8+16+len(comment)+8+size))
	b = le.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = le.AppendUint16(le.AppendUint16(b, 1), 1)
	b = le.AppendUint32(le.AppendUint32(b, uint32(rate)), uint32(sampleBytes*rate))
	b = le.AppendUint16(le.AppendUint16(b, sampleBytes), 8*sampleBytes)
	b = append(b, comment...)
	b = le.AppendUint32(append(b, "data"...), uint32(size))
	return appendTones(b, text, rate)
}

// infoChunk is RIFF's place for a comment.
func infoChunk(text string) []byte {
	if len(text)%2 == 0 {
		text += "\x00" // ends the text, and the chunk stays even
	}
	text += "\x00"
	b := append([]byte("LIST"), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[4:], uint32(4+8+len(text)))
	b = append(b, "INFOICMT\x00\x00\x00\x00"...)
	binary.LittleEndian.PutUint32(b[16:], uint32(len(text)))
	return append(b, text...)
}

// appendTones adds the samples of text.
func appendTones(b []byte, text string, rate int) []byte {
	letters := []rune(strings.ToLower(text))
	total := speechBytes(len(strings.Fields(text)), rate) / sampleBytes
	samplesPerLetter := max(1, total/max(1, len(letters)))
	for i := range total {
		at := i / samplesPerLetter
		if at >= len(letters) || letters[at] == ' ' {
			b = append(b, 0, 0)
			continue
		}
		swell := math.Sin(math.Pi * float64(i%samplesPerLetter) / float64(samplesPerLetter)) // no click between two tones
		sample := 6000 * swell * math.Sin(2*math.Pi*pitches[letters[at]%24]*float64(i)/float64(rate))
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(sample)))
	}
	return b
}

// pitches are the tones of two octaves, in hertz.
var pitches = func() (p [24]float64) {
	for i := range p {
		p[i] = 180 * math.Pow(2, float64(i)/24)
	}
	return p
}()

// An MP3 frame of flint's: MPEG-1 layer III, mono, 32 kbit/s at 32 kHz.
const (
	mp3FrameBytes    = 144
	mp3FrameDuration = 36 * time.Millisecond
)

// MakeMP3 is a silent MP3 as long as the text would take, with the text in its
// ID3 tag. Silence needs no encoder: a frame whose side information is all zero.
func MakeMP3(text string) []byte {
	b := ID3(text)
	frames := int(time.Duration(max(1, len(strings.Fields(text)))) * wordDuration / mp3FrameDuration)
	frame := make([]byte, mp3FrameBytes)
	copy(frame, "\xff\xfb\x18\xc0")
	return append(b, bytes.Repeat(frame, max(1, frames))...)
}

// ID3 is a tag of version 2.4 with one comment frame.
func ID3(text string) []byte {
	content := "\x03eng\x00" + text
	frame := append([]byte("COMM"), synchsafe(len(content))...)
	frame = append(frame, 0, 0)
	frame = append(frame, content...)
	return append(append([]byte("ID3\x04\x00\x00"), synchsafe(len(frame))...), frame...)
}

func synchsafe(n int) []byte {
	return []byte{byte(n >> 21 & 0x7f), byte(n >> 14 & 0x7f), byte(n >> 7 & 0x7f), byte(n & 0x7f)}
}

func fromSynchsafe(b []byte) int {
	return int(b[0]&0x7f)<<21 | int(b[1]&0x7f)<<14 | int(b[2]&0x7f)<<7 | int(b[3]&0x7f)
}

// audioInfo is what flint can tell of a recording.
type audioInfo struct {
	length       time.Duration
	embeddedText string // the text of speech that flint made, else empty
}

// inspectAudio reads the headers of WAV and MP3. The length of other formats is
// estimated at 16 kB a second.
func inspectAudio(data []byte) audioInfo {
	switch {
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WAVE":
		return inspectWAV(data[12:])
	case len(data) >= 10 && string(data[:3]) == "ID3":
		return inspectID3(data)
	case len(data) >= 2 && data[0] == 0xff && data[1]&0xe0 == 0xe0:
		return audioInfo{length: mp3Length(data)}
	}
	return audioInfo{length: time.Duration(len(data)) * time.Second / 16_000}
}

func inspectWAV(data []byte) (h audioInfo) {
	rate := 32_000 // bytes a second, unless the file says
	for len(data) >= 8 {
		name, size := string(data[:4]), int(binary.LittleEndian.Uint32(data[4:]))
		body := data[8:]
		body = body[:min(len(body), size)]
		switch {
		case name == "fmt " && len(body) >= 16:
			rate = max(1, int(binary.LittleEndian.Uint32(body[8:])))
		case name == "LIST" && len(body) >= 12 && string(body[:8]) == "INFOICMT":
			h.embeddedText = strings.TrimRight(inference.TruncateBytes(string(body[12:]), maxCommentBytes), "\x00")
		case name == "data":
			h.length = time.Duration(float64(len(body)) / float64(rate) * float64(time.Second))
		}
		data = data[min(len(data), 8+len(body)+len(body)%2):]
	}
	return h
}

func inspectID3(data []byte) (h audioInfo) {
	size := 10 + fromSynchsafe(data[6:10])
	tag := data[10:min(len(data), size)]
	for len(tag) >= 10 {
		n := min(fromSynchsafe(tag[4:8]), len(tag)-10)
		body := tag[10 : 10+n]
		if string(tag[:4]) == "COMM" && len(body) > 5 && body[0] == 3 {
			h.embeddedText = inference.TruncateBytes(string(body[5:]), maxCommentBytes)
		}
		if tag[0] == 0 {
			break // padding
		}
		tag = tag[10+n:]
	}
	h.length = mp3Length(data[min(len(data), size):])
	return h
}

var (
	mp3Rates   = [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0} // kbit/s of MPEG-1 layer III
	mp3Samples = [4]int{44_100, 48_000, 32_000, 0}
)

// mp3Length adds up the frames of MPEG-1 layer III; other kinds count by size.
func mp3Length(data []byte) time.Duration {
	var total time.Duration
	for at := 0; at+4 <= len(data); {
		h := data[at:]
		bits, rate := mp3Rates[h[2]>>4], mp3Samples[h[2]>>2&3]
		if h[0] != 0xff || h[1]&0xfe != 0xfa || bits == 0 || rate == 0 {
			if total == 0 {
				return time.Duration(len(data)) * time.Second / 16_000
			}
			break
		}
		total += 1152 * time.Second / time.Duration(rate)
		at += 144_000*bits/rate + int(h[2]>>1&1)
	}
	return total
}
