package ai

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"flint/ai/inference"
	"flint/internal/cferr"
)

// writtenBy is the text that a model answers some inputs with.
func writtenBy(t *testing.T, m *Models, in string) string {
	t.Helper()
	text, ok := run[textResponse](t, m, llama, in).Response.(string)
	if !ok {
		t.Fatalf("%s is not answered with text", in)
	}
	return text
}

// TestRightAnswers makes quizzes whose right answer is one of the options, by
// its index and by its text.
func TestRightAnswers(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for seed := range 20 {
		var quiz struct {
			Questions []struct {
				Options       []string
				Answer        int
				CorrectAnswer string
			}
		}
		prompt := `Generate a quiz with 4 questions. Respond with JSON like {"questions":[{"question":"...","options":["a","b","c"],"answer":0,"correctAnswer":"..."}]}`
		in, _ := json.Marshal(map[string]any{"prompt": prompt, "seed": seed + 1, "max_tokens": 2000})
		if err := json.Unmarshal([]byte(writtenBy(t, m, string(in))), &quiz); err != nil || len(quiz.Questions) != 4 {
			t.Fatalf("%v: %+v", err, quiz)
		}
		for _, q := range quiz.Questions {
			if len(q.Options) != 3 || q.Answer < 0 || q.Answer >= 3 || q.Options[q.Answer] != q.CorrectAnswer {
				t.Errorf("seed %d: %+v", seed+1, q)
			}
		}
	}
}

// TestToolTalk calls a tool with the place that the user named and tells in
// the end what the tool said.
func TestToolTalk(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	const tools = `,"tools":[{"name":"getWeather","description":"d","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}]`
	for text, want := range map[string]string{"What is the weather in Oslo?": "Oslo", "weather for New York please": "New York"} {
		a, err := m.Run(t.Context(), llama, json.RawMessage(`{"messages":[{"role":"user","content":"`+text+`"}]`+tools+`}`), inference.RunOptions{})
		if err != nil || !strings.Contains(string(a.Body), `"arguments":{"city":"`+want+`"}`) {
			t.Errorf("%s: %s %v", text, a.Body, err)
		}
	}
	got := writtenBy(t, m, `{"messages":[{"role":"user","content":"the weather in Oslo?"},{"role":"assistant","content":""},{"role":"tool","name":"getWeather","content":"12 degrees, rain"}]`+tools+`}`)
	if !strings.HasPrefix(got, "This is what I found: 12 degrees, rain\n\n") || len(got) < 60 {
		t.Errorf("after the tool: %q", got)
	}
}

// TestWholeNumbers fills numbers that count something with whole ones.
func TestWholeNumbers(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for seed := range 20 {
		var cat struct{ Lives, Legs, Price json.Number }
		in := fmt.Sprintf(`{"seed":%d,"prompt":"Return only JSON: interface Cat { lives: number; legs: number; price: number }"}`, seed+1)
		if err := json.Unmarshal([]byte(writtenBy(t, m, in)), &cat); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc([]json.Number{cat.Lives, cat.Legs}, func(n json.Number) bool { return strings.Contains(n.String(), ".") }) {
			t.Errorf("seed %d: %+v", seed+1, cat)
		}
	}
}

// TestQuizOfKnowledge asks about the subject that the prompt names; a quiz
// about a person keeps to traits.
func TestQuizOfKnowledge(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	type quiz struct {
		Title     string
		Questions []struct {
			Question string
			Options  []string
		}
	}
	for prompt, want := range map[string]struct{ title, subject string }{
		"Generate a quiz about space with 5 questions": {"Space Quiz", "space"},
		"Create a quiz on the French Revolution":       {"The French Revolution Quiz", "the French Revolution"},
		"Make a quiz about my personality":             {"Personality Quiz", ""},
	} {
		in, _ := json.Marshal(map[string]any{"max_tokens": 2000, "prompt": prompt + `. Answer as JSON: {"title":"...","questions":[{"question":"...","options":["...","...","..."]}]}`})
		var q quiz
		if err := json.Unmarshal([]byte(writtenBy(t, m, string(in))), &q); err != nil || len(q.Questions) < 5 {
			t.Fatalf("%s: %v %+v", prompt, err, q)
		}
		if q.Title != want.title {
			t.Errorf("%s: the title is %q", prompt, q.Title)
		}
		seen := map[string]bool{}
		for _, one := range q.Questions {
			options := slices.Clone(one.Options)
			slices.Sort(options)
			if seen[one.Question] || !strings.Contains(one.Question, want.subject) || len(slices.Compact(options)) != 3 {
				t.Errorf("%s: %+v", prompt, one)
			}
			seen[one.Question] = true
		}
	}
}

// TestNearestOfMistyped names the script whose words were mistyped.
func TestNearestOfMistyped(t *testing.T) {
	t.Parallel()
	m := openModelsWith(t, Options{Strict: true, Scripts: []string{scriptFolder(t, map[string]string{"a.yaml": `answers:
  - {name: first, match: {prompt: flaky}, text: a}
  - {name: orders, match: {pattern: "(?i)^order +[0-9]+$"}, text: b}
  - {name: quiz, match: {prompt: generate a quiz}, text: c}
`})}})
	for prompt, want := range map[string]string{"ordr 12": "orders", "make a quizz": "quiz", "be flakey": "first"} {
		_, err := m.Run(t.Context(), llama, json.RawMessage(`{"prompt":"`+prompt+`"}`), inference.RunOptions{})
		if err == nil || !strings.Contains(err.Error(), "the nearest is a.yaml:"+want+",") {
			t.Errorf("%s: %v", prompt, err)
		}
	}
}

// TestScriptedTexts says what a scripted status means when the script does not.
func TestScriptedTexts(t *testing.T) {
	t.Parallel()
	m := openModels(t, scriptFolder(t, map[string]string{"a.yaml": `answers:
  - {match: {prompt: pay}, error: {status: 402}}
  - {match: {prompt: fast}, error: {status: 429}}
  - {match: {prompt: down}, error: {status: 503}}
`}))
	for prompt, want := range map[string]string{"pay": "Insufficient balance (scripted)", "fast": "Rate limit reached, please try again later (scripted)", "down": "Service Unavailable (scripted)"} {
		_, err := m.Run(t.Context(), llama, json.RawMessage(`{"prompt":"`+prompt+`"}`), inference.RunOptions{})
		if e := cferr.From(err); e.Message != want {
			t.Errorf("%s: %v", prompt, err)
		}
	}
}
