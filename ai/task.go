package ai

import (
	"context"
	"errors"
)

// taskText is the name of the task that chats and prompts belong to.
const taskText = "Text Generation"

// defaultModel stands in where only a prompt is given.
const defaultModel = "@cf/meta/llama-3.1-8b-instruct"

// job is a checked call of a task other than text generation.
type job struct {
	prompt string // what scripts match on: the prompt, text or query
	texts  int    // how many texts are embedded
	answer func() (*Answer, error)
}

// prepare checks the inputs by the shape of the model's answers.
func (m *Models) prepare(known *Model, in fields) (*job, error) {
	if problem := known.check(in); problem != "" {
		return nil, badInput(problem)
	}
	switch known.Shape {
	case shapePNG, shapeJPEG, shapeBase64:
		return imageJob(known, in, m.seed)
	case shapeEmbedding:
		return m.embeddingJob(known, in)
	case shapeRerank:
		return rerankJob(in, "query,contexts")
	case shapeSentiment:
		return sentimentJob(in)
	case shapeTranslation:
		return translationJob(in)
	case shapeTranslations:
		return translationsJob(in)
	case shapeMoondream:
		return moondreamJob(known, in, m.seed)
	case shapeSummary:
		return summaryJob(in)
	case shapeTranscript, shapeTranscriptLong, shapeDeepgram:
		return transcriptJob(known, in, m.seed)
	case shapeSpeech, shapeVoice:
		return speechJob(known, in)
	case shapeDescription:
		return descriptionJob(known, in, m.seed)
	case shapeLabels:
		return labelsJob(known, in)
	case shapeBoxes:
		return boxesJob(known, in)
	case shapeTurn:
		return turnJob(in)
	case shapeDecision:
		return decisionJob(known, in)
	}
	return nil, errors.New("ai: catalogue has the unknown shape " + known.Shape)
}

// runTask answers from a script, a recording or the backend, else generates.
func (m *Models) runTask(ctx context.Context, known *Model, in fields) (*Answer, error) {
	j, err := m.prepare(known, in)
	if err != nil {
		return nil, err
	}
	q := &asked{model: known.Name, task: known.Task, user: j.prompt}
	if answer, err := m.scriptTask(ctx, known, q); answer != nil || err != nil {
		return answer, err
	}
	if known.Shape == shapeEmbedding {
		if answer, err := m.embedElsewhere(ctx, known, in); answer != nil || err != nil {
			return answer, err
		}
	}
	if m.strict {
		return nil, m.noScript(q)
	}
	return j.answer()
}
