package ai

import (
	"errors"

	"flint/ai/answers"
	"flint/ai/generate"
	"flint/ai/inference"
	"flint/ai/media"
)

// Complete answers from the first of scripts, recordings and the backend that
// has an answer, else generates one.
//
// max_tokens cuts prose. A generated JSON answer is made shorter (fewer array
// elements) instead, down to one element each, because half a JSON object is of
// no use to anyone. A scripted answer is given whole.
func (m *Models) Complete(req *inference.TextRequest) (*inference.Completion, error) {
	if !req.HasSeed {
		req.Seed = m.seed
	}
	for _, answer := range []func(*inference.TextRequest) (*inference.Completion, error){m.FromScripts, m.FromRecordings, m.FromBackend, m.fromGenerator} {
		done, err := answer(req)
		if err != nil {
			return nil, err
		}
		if done != nil {
			done.FillUsage(req)
			if done.LivePieces == nil {
				done.Pace = m.Pacer(req.Context())
			}
			return done, nil
		}
	}
	return nil, errors.New("ai: the generator gave no answer")
}

func (m *Models) fromGenerator(req *inference.TextRequest) (*inference.Completion, error) {
	if m.strict {
		return nil, m.NoScriptError(answers.QueryOf(req))
	}
	request := *req
	var err error
	if request.ImageDescription, err = media.DescribeImages(req.Inputs); err != nil {
		return nil, err
	}
	done, err := generate.Generate(&request)
	if err == nil {
		done.Source = inference.SourceGenerator
	}
	return done, err
}
