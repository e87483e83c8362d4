package media

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"
	"time"

	"flint/ai/generate"
	"flint/ai/inference"
	"flint/internal/cferr"
)

// word is one word of a transcript; times are in seconds.
type word struct {
	Word  string  `json:"word"`
	Start float64 `json:"start"`
	End   float64 `json:"end"`
}

// transcript is a text with the times of its words, spread evenly over a recording.
type transcript struct {
	text   string
	words  []word
	length float64 // seconds
}

func timedTranscript(text string, length time.Duration) *transcript {
	parts := strings.Fields(text)
	s := &transcript{text: strings.Join(parts, " "), length: seconds(length)}
	each := s.length / float64(max(1, len(parts)))
	for i, p := range parts {
		s.words = append(s.words, word{p, Round3(each * float64(i)), Round3(each * (float64(i) + 0.9))})
	}
	return s
}

// SpokenTranscript is a transcript of text at the speed at which flint speaks.
func SpokenTranscript(text string) *transcript {
	return timedTranscript(text, time.Duration(max(1, len(strings.Fields(text))))*wordDuration)
}

func seconds(d time.Duration) float64 { return Round3(d.Seconds()) }

// Round3 rounds to three decimal places, the precision of times in transcripts.
func Round3(f float64) float64 { return math.Round(f*1000) / 1000 }

// TranscriptJob is the task Automatic Speech Recognition: the text of speech that
// flint made, or generated prose of the recording's length.
// https://developers.cloudflare.com/workers-ai/models/whisper/
func TranscriptJob(known *inference.Model, in inference.Fields, seed int64) (*inference.Job, error) {
	data, err := mediaOf(in, "audio")
	if err != nil {
		return nil, err
	}
	prompt, problem := in.Text("initial_prompt", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded})
	prefix, prefixProblem := in.Text("prefix", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded})
	language, languageProblem := in.Text("language", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded})
	task, taskProblem := in.Text("task", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded})
	_, vadProblem := in.Flag("vad_filter")
	for _, p := range []string{problem, prefixProblem, languageProblem, taskProblem, vadProblem} {
		if p != "" {
			return nil, inference.BadInput(p)
		}
	}
	if task != "" && task != "transcribe" && task != "translate" {
		return nil, inference.BadInput("enum " + task + " not in transcribe,translate at '/task'")
	}
	if language == "" {
		language = "en"
	}
	return &inference.Job{Prompt: prompt, Answer: func() (*inference.Answer, error) {
		s, err := transcribe(data, prompt, prefix, seed)
		if err != nil {
			return nil, err
		}
		return inference.JSONAnswer(TranscriptAnswer(known.Shape, s, language), inference.Usage{}, inference.SourceGenerator)
	}}, nil
}

func transcribe(data []byte, prompt, prefix string, seed int64) (*transcript, error) {
	audio := inspectAudio(data)
	text := audio.embeddedText
	if text == "" {
		h := fnv.New64a()
		h.Write(data)
		if prompt == "" {
			prompt = "a voice memo"
		}
		req := &inference.TextRequest{Model: "speech", Seed: seed ^ int64(h.Sum64()), Turns: []inference.Turn{{Role: "user", Content: prompt}}}
		g, err := generate.NewGenerator(req)
		if err != nil {
			return nil, err
		}
		text = g.Words(min(inference.MaxTranscriptWords, int(audio.length/wordDuration)))
	}
	return timedTranscript(strings.TrimSpace(prefix+" "+text), audio.length), nil
}

// TranscriptAnswer is a transcript in the form of a model's answer.
func TranscriptAnswer(shape string, s *transcript, language string) any {
	switch shape {
	case inference.ShapeDeepgram:
		return deepgramTranscript(s)
	case inference.ShapeTranscriptLong:
		return longTranscript(s, language)
	}
	return struct {
		Text  string `json:"text"`
		Count int    `json:"word_count"`
		Words []word `json:"words"`
		VTT   string `json:"vtt"`
	}{s.text, len(s.words), s.wordList(), s.vtt()}
}

func (s *transcript) wordList() []word {
	if s.words == nil {
		return []word{}
	}
	return s.words
}

// segments are at most segmentWords words each.
func (s *transcript) segments() [][]word {
	const segmentWords = 12
	var out [][]word
	for rest := s.words; len(rest) > 0; {
		n := min(segmentWords, len(rest))
		out = append(out, rest[:n])
		rest = rest[n:]
	}
	return out
}

func joinWords(words []word) string {
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = w.Word
	}
	return strings.Join(parts, " ")
}

// vtt is the transcript as WebVTT. https://www.w3.org/TR/webvtt1/
func (s *transcript) vtt() string {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for _, words := range s.segments() {
		text := strings.NewReplacer("&", "&amp;", "<", "&lt;", "-->", "--&gt;").Replace(joinWords(words))
		b.WriteString("\n" + vttTime(words[0].Start) + " --> " + vttTime(words[len(words)-1].End) + "\n" + text + "\n")
	}
	return b.String()
}

func vttTime(at float64) string {
	d := time.Duration(at * float64(time.Second)).Round(time.Millisecond)
	pad := func(n time.Duration, width int) string {
		text := "00" + strconv.Itoa(int(n))
		return text[len(text)-max(width, len(text)-2):]
	}
	return pad(d/time.Hour, 2) + ":" + pad(d/time.Minute%60, 2) + ":" + pad(d/time.Second%60, 2) + "." + pad(d/time.Millisecond%1000, 3)
}

type segment struct {
	Start       float64 `json:"start"`
	End         float64 `json:"end"`
	Text        string  `json:"text"`
	Temperature float64 `json:"temperature"`
	LogProb     float64 `json:"avg_logprob"`
	Compression float64 `json:"compression_ratio"`
	NoSpeech    float64 `json:"no_speech_prob"`
	Words       []word  `json:"words"`
}

func longTranscript(s *transcript, language string) any {
	segments := []segment{}
	for _, words := range s.segments() {
		segments = append(segments, segment{words[0].Start, words[len(words)-1].End, joinWords(words), 0, -0.2, 1.4, 0.01, words})
	}
	return map[string]any{
		"transcription_info": map[string]any{
			"language": language, "language_probability": 1, "duration": s.length, "duration_after_vad": s.length,
		},
		"text": s.text, "word_count": len(s.words), "segments": segments, "vtt": s.vtt(),
	}
}

func deepgramTranscript(s *transcript) any {
	type scoredWord struct {
		word
		Confidence float64 `json:"confidence"`
	}
	words := []scoredWord{}
	for _, w := range s.words {
		words = append(words, scoredWord{w, 0.99})
	}
	return map[string]any{"results": map[string]any{"channels": []any{map[string]any{
		"alternatives": []any{map[string]any{"confidence": 0.99, "transcript": s.text, "words": words}},
	}}}}
}

// SpeechJob is the task Text-to-Speech.
// https://developers.cloudflare.com/workers-ai/models/melotts/
// https://developers.cloudflare.com/workers-ai/models/aura-1/
func SpeechJob(known *inference.Model, in inference.Fields) (*inference.Job, error) {
	name := "text"
	if known.Shape == inference.ShapeSpeech {
		name = "prompt"
	}
	text, err := in.RequiredText(name, name)
	if err != nil {
		return nil, err
	}
	if words := len(strings.Fields(text)); words > maxSpokenWords {
		return nil, inference.BadInput(fmt.Sprintf("'/%s' has %d words; flint speaks at most %d", name, words, maxSpokenWords))
	}
	if known.Shape == inference.ShapeSpeech {
		if _, problem := in.Text("lang", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded}); problem != "" {
			return nil, inference.BadInput(problem)
		}
		return &inference.Job{Prompt: text, Answer: func() (*inference.Answer, error) {
			return inference.JSONAnswer(map[string]string{"audio": base64.StdEncoding.EncodeToString(MakeMP3(text))}, inference.Usage{}, inference.SourceGenerator)
		}}, nil
	}
	return voiceJob(in, text)
}

func voiceJob(in inference.Fields, text string) (*inference.Job, error) {
	choice := map[string]string{"encoding": inference.InputText(in, "encoding"), "container": inference.InputText(in, "container")}
	rate, problem := in.Number("sample_rate", "number", inference.Bounds{Min: 8000, Max: 48_000}, 24_000)
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	switch {
	case choice["encoding"] == "mp3" || choice["encoding"] == "" && choice["container"] == "":
		return &inference.Job{Prompt: text, Answer: func() (*inference.Answer, error) {
			return &inference.Answer{ContentType: "audio/mpeg", Body: MakeMP3(text), Source: inference.SourceGenerator}, nil
		}}, nil
	case choice["encoding"] == "linear16" && choice["container"] != "ogg", choice["encoding"] == "" && choice["container"] == "wav":
		if size := speechBytes(len(strings.Fields(text)), int(rate)); size > inference.MaxSpeechBytes {
			return nil, inference.BadInput(fmt.Sprintf("'/text' makes %d bytes of sound at %d Hz; flint makes at most %d: ask for mp3, a lower sample_rate or a shorter text", size, int(rate), inference.MaxSpeechBytes))
		}
		return &inference.Job{Prompt: text, Answer: func() (*inference.Answer, error) { return pcm(text, int(rate), choice["container"]), nil }}, nil
	}
	return nil, cferr.NotServed("speech as " + strings.TrimSpace(choice["encoding"]+" "+choice["container"]) + " (mp3, and linear16 as wav or bare, are served)")
}

func pcm(text string, rate int, container string) *inference.Answer {
	if container != "none" {
		return &inference.Answer{ContentType: "audio/wav", Body: MakeWAV(text, rate), Source: inference.SourceGenerator}
	}
	return &inference.Answer{ContentType: "audio/l16;rate=" + strconv.Itoa(rate), Body: appendTones(nil, text, rate), Source: inference.SourceGenerator}
}

// TurnJob is the task Voice Activity Detection: whether the speaker has finished,
// with a probability that follows from the bytes.
// https://developers.cloudflare.com/workers-ai/models/smart-turn-v2/
func TurnJob(in inference.Fields) (*inference.Job, error) {
	data, err := mediaOf(in, "audio")
	if err != nil {
		return nil, err
	}
	return &inference.Job{Prompt: "", Answer: func() (*inference.Answer, error) {
		h := fnv.New32a()
		h.Write(data)
		probability := Round3(float64(h.Sum32()%1000) / 1000)
		return inference.JSONAnswer(map[string]any{"is_complete": probability > 0.5, "probability": probability}, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}
