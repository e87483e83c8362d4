package ai

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"

	"flint/ai/generate"
	"flint/ai/inference"
	"flint/ai/media"
)

// decisionQuestion is one typed question of Cloudflare's decision models.
// https://developers.cloudflare.com/workers-ai/models/clef/
type decisionQuestion struct {
	Type         string          `json:"type"`
	Instructions json.RawMessage `json:"instructions"`
	Criteria     json.RawMessage `json:"criteria"`
}

// decisionJob answers every question with probabilities that follow from the
// state and the question.
func decisionJob(known *inference.Model, in inference.Fields) (*inference.Job, error) {
	if !in.Has("model") || !in.Has("state") || !in.Has("questions") {
		return nil, inference.BadInput(inference.Missing("model,state,questions"))
	}
	questions := generate.Members(in["questions"], inference.MaxQuestions+1)
	if !inference.IsType(in["questions"], "object") || len(questions) == 0 || len(questions) > inference.MaxQuestions {
		return nil, inference.BadInput(inference.Mismatch("/questions", "object", in["questions"]))
	}
	answers := make([]string, len(questions))
	for i, q := range questions {
		answer, problem := decide(q, string(in["state"]))
		if problem != "" {
			return nil, inference.BadInput(problem)
		}
		answers[i] = inference.Quote(q.Name) + ":" + answer
	}
	name := known.Name[strings.LastIndexByte(known.Name, '/')+1:]
	state := string(in["state"])
	body := `{"model":` + inference.Quote(name) + `,"answers":{` + strings.Join(answers, ",") + `},"usage":{"input_tokens":` + strconv.Itoa(inference.CountTokens(state)) + `,"output_tokens":0}}`
	return &inference.Job{Prompt: state, Answer: func() (*inference.Answer, error) {
		return &inference.Answer{ContentType: inference.ContentJSON, Body: []byte(body), Source: inference.SourceGenerator}, nil
	}}, nil
}

func decide(m generate.Member, state string) (answer, problem string) {
	path := "/questions/" + m.Name
	var q decisionQuestion
	if json.Unmarshal(m.Value, &q) != nil || q.Instructions == nil {
		return "", "required properties at '" + path + "' are 'type,instructions'"
	}
	h := fnv.New64a()
	h.Write([]byte(state + "\x00" + string(m.Value)))
	rng := rand.New(rand.NewPCG(h.Sum64(), 0x636c6566))
	switch q.Type {
	case "noul":
		return `{"type":"noul","noul":` + inference.FormatNumber(media.Round3(rng.Float64())) + `}`, ""
	case "choice":
		options := generate.Members(q.Criteria, inference.MaxOptions+1)
		if len(options) < 2 || len(options) > inference.MaxOptions {
			return "", "'" + path + "/criteria' must have 2 to 255 options"
		}
		names := make([]string, len(options))
		for i, o := range options {
			names[i] = o.Name
		}
		list, best, top, _ := probabilities(rng, names)
		return `{"type":"choice","choice":` + inference.Quote(names[best]) + `,"probabilities":` + list + `,"confidence":` + inference.FormatNumber(top) + `}`, ""
	case "score":
		var levels []json.RawMessage
		if json.Unmarshal(q.Criteria, &levels) != nil || len(levels) < 2 || len(levels) > 10 {
			return "", "'" + path + "/criteria' must have 2 to 10 levels"
		}
		names, legend := make([]string, len(levels)), make([]string, len(levels))
		for i, l := range levels {
			names[i] = strconv.Itoa(i)
			legend[i] = inference.Quote(names[i]) + ":" + generate.Compact(l)
		}
		list, _, top, mean := probabilities(rng, names)
		return `{"type":"score","score":` + inference.FormatNumber(mean) + `,"legend":{` + strings.Join(legend, ",") + `},"probabilities":` + list + `,"confidence":` + inference.FormatNumber(top) + `}`, ""
	}
	return "", "enum " + q.Type + " not in noul,choice,score at '" + path + "/type'"
}

// probabilities of names, adding up to 1: as JSON, the likeliest, its
// probability, and the mean index.
func probabilities(rng *rand.Rand, names []string) (list string, best int, top, mean float64) {
	left := 1.0
	parts := make([]string, len(names))
	for i, at := range rng.Perm(len(names)) {
		p := media.Round3(left * (0.5 + 0.4*rng.Float64()))
		if i == len(names)-1 {
			p = media.Round3(left)
		}
		left = media.Round3(left - p)
		if p > top {
			best, top = at, p
		}
		mean += p * float64(at)
		parts[at] = inference.Quote(names[at]) + ":" + inference.FormatNumber(p)
	}
	return "{" + strings.Join(parts, ",") + "}", best, top, media.Round3(mean)
}
