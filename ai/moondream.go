package ai

import (
	"math/rand/v2"

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

// moondreamJob answers a question about an image, or names places in it, which
// follow from the bytes and the target.
// https://developers.cloudflare.com/workers-ai/models/moondream3.1-9B-A2B/
func moondreamJob(known *Model, in fields, seed int64) (*job, error) {
	if stream, _ := in.flag("stream"); stream {
		return nil, cferr.NotServed("streaming by " + known.Name)
	}
	task, question := inputText(in, "task"), inputText(in, "question")
	if task == "" {
		task = "query"
	}
	if question == "" {
		question = "What's in this image?"
	}
	var s *seen
	if in.has("image") || task != "query" {
		var err error
		if s, err = look(in, "image"); err != nil {
			return nil, err
		}
	}
	most, _ := in.number("max_tokens", "integer", bounds{open, open}, 768)
	return &job{prompt: question, answer: func() (*Answer, error) {
		out := moondreamAnswer{FinishReason: finishStop, Metrics: map[string]int{"prefill_time_ms": 0, "decode_time_ms": 0, "ttft_ms": 0}}
		text, err := out.fill(known, s, task, question, inputText(in, "target"), seed)
		if err != nil {
			return nil, err
		}
		if short, cutOff := cut(text, int(most)); cutOff {
			text, out.FinishReason = short, finishLength
		}
		out.Metrics["input_tokens"], out.Metrics["output_tokens"] = countTokens(question), countTokens(text)
		if task == "query" {
			out.Answer = &text
		} else if task == "caption" {
			out.Caption = &text
		}
		return jsonAnswer(out, Usage{}, sourceGenerator)
	}}, nil
}

// fill gives the text of a query or caption, or sets points or objects.
func (out *moondreamAnswer) fill(known *Model, s *seen, task, question, target string, seed int64) (string, error) {
	switch {
	case task == "caption":
		return s.describe(), nil
	case task == "query":
		text := ""
		if s != nil {
			text, seed = s.describe()+" ", seed^int64(s.hash)
		}
		done, err := generate(&textRequest{model: known.Name, seed: seed, turns: []turn{{Role: "user", Content: question}}})
		if err != nil {
			return "", err
		}
		return text + done.text, nil
	}
	rng := rand.New(rand.NewPCG(s.hash, uint64(len(target))))
	for range 1 + rng.IntN(3) {
		x, y := round3(0.1+0.6*rng.Float64()), round3(0.1+0.6*rng.Float64())
		if task == "point" {
			out.Points = append(out.Points, point{x, y})
		} else {
			out.Objects = append(out.Objects, objectBox{x, y, round3(x + 0.2), round3(y + 0.2)})
		}
	}
	return "", nil
}
