package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// quiz measures the quiz flow of Personality Spark, on flint alone: the peer
// has no Workers AI offline. A quiz comes from the AI once and from KV after
// that; each submission of answers is scored, written to D1 and sent to a queue.
func (b *bench) quiz(ctx context.Context) error {
	progress("the quiz flow of Personality Spark")
	dir, state := b.absolute("fixtures", "personality-spark"), filepath.Join(b.dir, "spark")
	migrate := exec.CommandContext(ctx, b.binary(), "d1", "migrations", "apply", "personality-spark", "--state", state)
	migrate.Dir = dir
	if out, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("apply migrations: %w\n%s", err, out)
	}
	p, err := b.startFlint(ctx, dir, state)
	if err != nil {
		return err
	}
	defer p.stop()
	text, err := p.get(ctx, "/api/quizzes/generate/big5")
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, "answers.json")
	if err := writeAnswers(file, text); err != nil {
		return err
	}
	flow := []request{
		get("/api/quizzes/generate/big5"), {method: "POST", path: "/api/quizzes/submit", file: file},
	}
	for range b.rounds {
		r, err := b.load(ctx, p, flow, b.connections[0], b.duration)
		if err != nil {
			return err
		}
		b.report.add(loadKey{quizFlow, b.connections[0]}, flintSide, r)
	}
	return nil
}

// writeAnswers answers each question of a quiz with its first option.
func writeAnswers(file, quiz string) error {
	var q struct {
		ID        string
		Questions []struct {
			ID      any
			Options []struct{ ID any }
		}
	}
	if err := json.Unmarshal([]byte(quiz), &q); err != nil {
		return fmt.Errorf("the quiz: %w", err)
	}
	type answer struct {
		QuestionID any `json:"questionId"`
		OptionID   any `json:"optionId"`
	}
	var answers []answer
	for _, question := range q.Questions {
		if len(question.Options) > 0 {
			answers = append(answers, answer{question.ID, question.Options[0].ID})
		}
	}
	body, err := json.Marshal(map[string]any{"quizId": q.ID, "answers": answers, "completionTime": 42})
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o600)
}
