package media

import (
	"math/rand/v2"

	"flint/ai/generate"
	"flint/ai/inference"
	"flint/internal/cferr"
)

type point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

type objectBox struct {
	XMin float64 `json:"x_min"`
	YMin float64 `json:"y_min"`
	XMax float64 `json:"x_max"`
	YMax float64 `json:"y_max"`
}

type moondreamAnswer struct {
	FinishReason string         `json:"finish_reason"`
	Metrics      map[string]int `json:"metrics"`
	Answer       *string        `json:"answer"`
	Caption      *string        `json:"caption"`
	Points       []point        `json:"points"`
	Objects      []objectBox    `json:"objects"`
	Reasoning    any            `json:"reasoning"`
}

// MoondreamJob answers a question about an image, or names places in it, which
// follow from the bytes and the target.
// https://developers.cloudflare.com/workers-ai/models/moondream3.1-9B-A2B/
func MoondreamJob(known *inference.Model, in inference.Fields, seed int64) (*inference.Job, error) {
	if stream, _ := in.Flag("stream"); stream {
		return nil, cferr.NotServed("streaming by " + known.Name)
	}
	task, question := inference.InputText(in, "task"), inference.InputText(in, "question")
	if task == "" {
		task = "query"
	}
	if question == "" {
		question = "What's in this image?"
	}
	var s *imageInfo
	if in.Has("image") || task != "query" {
		var err error
		if s, err = inspectImage(in, "image"); err != nil {
			return nil, err
		}
	}
	most, _ := in.Number("max_tokens", "integer", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded}, 768)
	return &inference.Job{Prompt: question, Answer: func() (*inference.Answer, error) {
		out := moondreamAnswer{FinishReason: inference.FinishStop, Metrics: map[string]int{"prefill_time_ms": 0, "decode_time_ms": 0, "ttft_ms": 0}}
		text, err := out.fill(known, s, task, question, inference.InputText(in, "target"), seed)
		if err != nil {
			return nil, err
		}
		if short, cutOff := inference.TruncateTokens(text, int(most)); cutOff {
			text, out.FinishReason = short, inference.FinishLength
		}
		out.Metrics["input_tokens"], out.Metrics["output_tokens"] = inference.CountTokens(question), inference.CountTokens(text)
		if task == "query" {
			out.Answer = &text
		} else if task == "caption" {
			out.Caption = &text
		}
		return inference.JSONAnswer(out, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}

// fill gives the text of a query or caption, or sets points or objects.
func (out *moondreamAnswer) fill(known *inference.Model, s *imageInfo, task, question, target string, seed int64) (string, error) {
	switch {
	case task == "caption":
		return s.describe(), nil
	case task == "query":
		text := ""
		if s != nil {
			text, seed = s.describe()+" ", seed^int64(s.hash)
		}
		done, err := generate.Generate(&inference.TextRequest{Model: known.Name, Seed: seed, Turns: []inference.Turn{{Role: "user", Content: question}}})
		if err != nil {
			return "", err
		}
		return text + done.Text, nil
	}
	rng := rand.New(rand.NewPCG(s.hash, uint64(len(target))))
	for range 1 + rng.IntN(3) {
		x, y := Round3(0.1+0.6*rng.Float64()), Round3(0.1+0.6*rng.Float64())
		if task == "point" {
			out.Points = append(out.Points, point{x, y})
		} else {
			out.Objects = append(out.Objects, objectBox{x, y, Round3(x + 0.2), Round3(y + 0.2)})
		}
	}
	return "", nil
}
