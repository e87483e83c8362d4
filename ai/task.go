package ai

import (
	"context"
	"errors"

	"flint/ai/answers"
	"flint/ai/generate"
	"flint/ai/inference"
	"flint/ai/media"
)

// jobOf checks the inputs and chooses the task by the shape of the model's answers.
func (m *Models) jobOf(known *inference.Model, in inference.Fields) (*inference.Job, error) {
	if problem := known.CheckInputs(in); problem != "" {
		return nil, inference.BadInput(problem)
	}
	switch known.Shape {
	case inference.ShapePNG, inference.ShapeJPEG, inference.ShapeBase64:
		return media.ImageJob(known, in, m.seed)
	case inference.ShapeEmbedding:
		return m.embeddingJob(known, in)
	case inference.ShapeRerank:
		return generate.RerankJob(in, "query,contexts")
	case inference.ShapeSentiment:
		return generate.SentimentJob(in)
	case inference.ShapeTranslation:
		return generate.TranslationJob(in)
	case inference.ShapeTranslations:
		return generate.TranslationsJob(in)
	case inference.ShapeMoondream:
		return media.MoondreamJob(known, in, m.seed)
	case inference.ShapeSummary:
		return generate.SummaryJob(in)
	case inference.ShapeTranscript, inference.ShapeTranscriptLong, inference.ShapeDeepgram:
		return media.TranscriptJob(known, in, m.seed)
	case inference.ShapeSpeech, inference.ShapeVoice:
		return media.SpeechJob(known, in)
	case inference.ShapeDescription:
		return media.DescriptionJob(known, in, m.seed)
	case inference.ShapeLabels:
		return media.LabelsJob(known, in)
	case inference.ShapeBoxes:
		return media.BoxesJob(known, in)
	case inference.ShapeTurn:
		return media.TurnJob(in)
	case inference.ShapeDecision:
		return decisionJob(known, in)
	}
	return nil, errors.New("ai: catalogue has the unknown shape " + known.Shape)
}

// runTask answers from a script, a recording or the backend, else generates.
func (m *Models) runTask(ctx context.Context, known *inference.Model, in inference.Fields) (*inference.Answer, error) {
	j, err := m.jobOf(known, in)
	if err != nil {
		return nil, err
	}
	q := &answers.Query{Model: known.Name, Task: known.Task, User: j.Prompt}
	if answer, err := m.TaskFromScripts(ctx, known, q); answer != nil || err != nil {
		return answer, err
	}
	if known.Shape == inference.ShapeEmbedding {
		if answer, err := m.RecordedOrBackendEmbedding(ctx, known, in); answer != nil || err != nil {
			return answer, err
		}
	}
	if m.strict {
		return nil, m.NoScriptError(q)
	}
	return j.Answer()
}
