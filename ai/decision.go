package ai

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
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
func decisionJob(known *Model, in fields) (*job, error) {
	if !in.has("model") || !in.has("state") || !in.has("questions") {
		return nil, badInput(missing("model,state,questions"))
	}
	asked := members(in["questions"], maxQuestions+1)
	if !isType(in["questions"], "object") || len(asked) == 0 || len(asked) > maxQuestions {
		return nil, badInput(mismatch("/questions", "object", in["questions"]))
	}
	answers := make([]string, len(asked))
	for i, q := range asked {
		answer, problem := decide(q, string(in["state"]))
		if problem != "" {
			return nil, badInput(problem)
		}
		answers[i] = quote(q.name) + ":" + answer
	}
	name := known.Name[strings.LastIndexByte(known.Name, '/')+1:]
	state := string(in["state"])
	body := `{"model":` + quote(name) + `,"answers":{` + strings.Join(answers, ",") + `},"usage":{"input_tokens":` + itoa(countTokens(state)) + `,"output_tokens":0}}`
	return &job{prompt: state, answer: func() (*Answer, error) {
		return &Answer{ContentType: contentJSON, Body: []byte(body), Source: sourceGenerator}, nil
	}}, nil
}

func decide(m member, state string) (answer, problem string) {
	path := "/questions/" + m.name
	var q decisionQuestion
	if json.Unmarshal(m.value, &q) != nil || q.Instructions == nil {
		return "", "required properties at '" + path + "' are 'type,instructions'"
	}
	h := fnv.New64a()
	h.Write([]byte(state + "\x00" + string(m.value)))
	rng := rand.New(rand.NewPCG(h.Sum64(), 0x636c6566))
	switch q.Type {
	case "noul":
		return `{"type":"noul","noul":` + plain(round3(rng.Float64())) + `}`, ""
	case "choice":
		options := members(q.Criteria, maxOptions+1)
		if len(options) < 2 || len(options) > maxOptions {
			return "", "'" + path + "/criteria' must have 2 to 255 options"
		}
		names := make([]string, len(options))
		for i, o := range options {
			names[i] = o.name
		}
		list, best, top, _ := probabilities(rng, names)
		return `{"type":"choice","choice":` + quote(names[best]) + `,"probabilities":` + list + `,"confidence":` + plain(top) + `}`, ""
	case "score":
		var levels []json.RawMessage
		if json.Unmarshal(q.Criteria, &levels) != nil || len(levels) < 2 || len(levels) > 10 {
			return "", "'" + path + "/criteria' must have 2 to 10 levels"
		}
		names, legend := make([]string, len(levels)), make([]string, len(levels))
		for i, l := range levels {
			names[i] = strconv.Itoa(i)
			legend[i] = quote(names[i]) + ":" + compact(l)
		}
		list, _, top, mean := probabilities(rng, names)
		return `{"type":"score","score":` + plain(mean) + `,"legend":{` + strings.Join(legend, ",") + `},"probabilities":` + list + `,"confidence":` + plain(top) + `}`, ""
	}
	return "", "enum " + q.Type + " not in noul,choice,score at '" + path + "/type'"
}

// probabilities of names, adding up to 1: as JSON, the likeliest, its
// probability, and the mean index.
func probabilities(rng *rand.Rand, names []string) (list string, best int, top, mean float64) {
	left := 1.0
	parts := make([]string, len(names))
	for i, at := range rng.Perm(len(names)) {
		p := round3(left * (0.5 + 0.4*rng.Float64()))
		if i == len(names)-1 {
			p = round3(left)
		}
		left = round3(left - p)
		if p > top {
			best, top = at, p
		}
		mean += p * float64(at)
		parts[at] = quote(names[at]) + ":" + plain(p)
	}
	return "{" + strings.Join(parts, ",") + "}", best, top, round3(mean)
}
