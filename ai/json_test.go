package ai

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"flint/ai/inference"
)

type quiz struct {
	ID          string     `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Questions   []quizItem `json:"questions"`
}

type quizItem struct {
	ID      string       `json:"id"`
	Text    string       `json:"text"`
	Trait   string       `json:"trait"`
	Options []quizOption `json:"options"`
}

type quizOption struct {
	ID    string `json:"id"`
	Text  string `json:"text"`
	Score int    `json:"score"`
}

// check is what the app expects of every quiz.
func (q *quiz) check(t *testing.T, least, most int) {
	t.Helper()
	if q.Title == "" || q.Description == "" || len(q.Questions) < least || len(q.Questions) > most {
		t.Errorf("title %q, description %q, %d questions", q.Title, q.Description, len(q.Questions))
	}
	seen := map[string]bool{}
	for i, item := range q.Questions {
		if item.ID != fmt.Sprintf("q%d", i+1) || item.Text == "" || item.Trait == "" || seen[item.Text] || len(item.Options) < 4 || len(item.Options) > 5 {
			t.Errorf("question %d: %+v", i, item)
		}
		seen[item.Text] = true
		for j, o := range item.Options {
			if o.ID != string(rune('a'+j)) || o.Text == "" || o.Score < 1 || o.Score > 5 {
				t.Errorf("question %d, option %d: %+v", i, j, o)
			}
		}
		if item.Options[0].Score >= item.Options[len(item.Options)-1].Score {
			t.Errorf("question %d: scores do not rise", i)
		}
	}
}

func parse[T any](t *testing.T, text string) (out T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

// parseQuiz refuses fields that a quiz does not have.
func parseQuiz(t *testing.T, text string) (out quiz) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

func TestQuizWithoutShape(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for _, kind := range []string{"big5", "daily", "quick", "mood"} {
		q := parseQuiz(t, askPrompt(t, m, "Generate a "+kind+" personality quiz..."))
		q.check(t, 5, 10)
		if q.Type != kind || !strings.HasPrefix(q.ID, kind+"-") {
			t.Errorf("%s: type %q, id %q", kind, q.Type, q.ID)
		}
	}
	in := `{"prompt":"Generate a big5 personality quiz...","max_tokens":1000}`
	out := run[textResponse](t, m, llama, in)
	q := parseQuiz(t, out.Response.(string))
	q.check(t, 3, 10)
	if out.Usage.CompletionTokens > 1000 {
		t.Errorf("%d tokens", out.Usage.CompletionTokens)
	}
	traits := map[string]bool{}
	for _, item := range q.Questions {
		traits[item.Trait] = true
	}
	if len(traits) < 3 {
		t.Errorf("only the traits %v", traits)
	}
}

func TestTinyMaxTokensKeepsJSONWhole(t *testing.T) {
	t.Parallel()
	out := run[textResponse](t, openModels(t), llama, `{"prompt":"Generate a big5 personality quiz","max_tokens":50}`)
	if q := parseQuiz(t, out.Response.(string)); len(q.Questions) != 1 {
		t.Errorf("%d questions", len(q.Questions))
	}
}

func TestQuizFollowsShape(t *testing.T) {
	t.Parallel()
	text := askPrompt(t, openModels(t), `Create a mood personality quiz with 8 questions. Answer only with JSON in exactly this form:
{
  "quizId": "...",
  "items": [ // one per question
    { "n": 1, "question": "How do you feel?", "dimension": "joy|sadness|anger", "choices": ["Not at all", "Very much"], },
    ...
  ]
}`)
	q := parse[struct {
		QuizID string `json:"quizId"`
		Items  []struct {
			N         int
			Question  string
			Dimension string
			Choices   []string
		}
	}](t, text)
	if q.QuizID == "" || len(q.Items) < 3 {
		t.Errorf("%s", text)
	}
	for _, item := range q.Items {
		if item.Question == "" || !slices.Contains([]string{"joy", "sadness", "anger"}, item.Dimension) || len(item.Choices) != 2 || item.Choices[0] == item.Choices[1] {
			t.Errorf("%+v", item)
		}
	}
}

func TestAskedCount(t *testing.T) {
	t.Parallel()
	text := askPrompt(t, openModels(t), `Generate a personality quiz with exactly 4 thoughtful questions as JSON: {"title": string, "questions": [{"id": string, "text": string, "trait": string, "options": [{"id": string, "text": string, "score": 1-5}]}]}`)
	q := parseQuiz(t, text)
	q.Description = "not asked for"
	if q.check(t, 4, 4); strings.Contains(text, "description") {
		t.Errorf("%s", text)
	}
}

func TestJSONWithoutQuiz(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for _, c := range []struct {
		prompt string
		keys   []string
	}{
		{"Summarise the novel as JSON with the keys title, summary and score.", []string{"score", "summary", "title"}},
		{`Rate tea. Reply with JSON like {"name": "Sencha", "rating": 4.5, "tags": ["green"], "inStock": true}`, []string{"inStock", "name", "rating", "tags"}},
		{"Interface: { name: string; age?: number; tags: string[] }. Reply in JSON.", []string{"age", "name", "tags"}},
		{`Analyze these answers: {"q1": "a"} and return JSON with the fields summary, strengths and advice`, []string{"advice", "strengths", "summary"}},
		{"Say something in JSON", []string{"answer"}},
	} {
		object := parse[map[string]any](t, askPrompt(t, m, c.prompt))
		var keys []string
		for k := range object {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if !slices.Equal(keys, c.keys) {
			t.Errorf("%s\ngave %v", c.prompt, object)
		}
	}
	if got := askPrompt(t, m, "What does [1] mean in {braces}?"); json.Valid([]byte(got)) {
		t.Errorf("JSON that nobody asked for: %s", got)
	}
}

func TestJSONSchema(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","$defs":{"tag":{"enum":["a","b"]}},"required":["name"],"properties":{
		"name":{"type":"string","minLength":10,"maxLength":20},"kind":{"$ref":"#/$defs/tag"},"level":{"type":"integer","minimum":3,"maximum":4},
		"ratio":{"type":"number","exclusiveMinimum":0,"maximum":1},"fixed":{"const":"yes"},"when":{"type":"string","format":"date"},
		"code":{"type":"string","pattern":"^[a-z]{3}$"},"maybe":{"type":["null","boolean"]},"either":{"anyOf":[{"type":"null"},{"type":"integer"}]},
		"list":{"type":"array","items":{"type":"string"},"minItems":2,"maxItems":2},"both":{"allOf":[{"type":"object","properties":{"x":{"type":"string"}}},{"type":"object","properties":{"y":{"type":"integer"}}}]}}}`
	type answer struct {
		Response struct {
			Name   string
			Kind   string
			Level  int
			Ratio  float64
			Fixed  string
			When   string
			Code   string
			Maybe  *bool
			Either *int
			List   []string
			Both   struct {
				X string
				Y *int
			}
		}
	}
	m := openModels(t)
	for _, wrap := range []string{schema, `{"name":"n","schema":` + schema + `}`} {
		for seed := range 30 {
			r := run[answer](t, m, llama, fmt.Sprintf(`{"prompt":"Describe a lamp","seed":%d,"response_format":{"type":"json_schema","json_schema":%s}}`, seed+1, wrap)).Response
			if n := len([]rune(r.Name)); n < 10 || n > 20 {
				t.Errorf("name %q", r.Name)
			}
			if r.Kind != "a" && r.Kind != "b" || r.Level < 3 || r.Level > 4 || r.Ratio <= 0 || r.Ratio > 1 || r.Fixed != "yes" {
				t.Errorf("%+v", r)
			}
			if !regexp.MustCompile(`^\d{4}-\d\d-\d\d$`).MatchString(r.When) || !regexp.MustCompile(`^[a-z]{3}$`).MatchString(r.Code) {
				t.Errorf("when %q, code %q", r.When, r.Code)
			}
			if r.Maybe == nil || r.Either == nil || len(r.List) != 2 || r.Both.X == "" || r.Both.Y == nil {
				t.Errorf("%+v", r)
			}
		}
	}
	object := run[textResponse](t, m, llama, `{"prompt":"Describe a lamp","response_format":{"type":"json_object"}}`)
	if _, ok := object.Response.(map[string]any); !ok {
		t.Errorf("json_object gave %T", object.Response)
	}
}

// TestBombs asks for more than anybody could want, in few words.
func TestBombs(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	doubling := `{"$defs":{"z":{"type":"string"}`
	for c := 'y'; c >= 'a'; c-- {
		doubling += fmt.Sprintf(`,"%c":{"type":"object","properties":{"l":{"$ref":"#/$defs/%c"},"r":{"$ref":"#/$defs/%c"}}}`, c, c+1, c+1)
	}
	doubling += `},"$ref":"#/$defs/a"}`
	for name, schema := range map[string]string{
		"doubling": doubling, "items": `{"type":"array","minItems":2000000000,"items":{"type":"integer"}}`, "length": `{"type":"string","minLength":2000000000}`,
	} {
		_, err := m.Run(t.Context(), llama, json.RawMessage(`{"prompt":"x","response_format":{"type":"json_schema","json_schema":`+schema+`}}`), inference.RunOptions{})
		if err == nil || !strings.Contains(err.Error(), "JSON Mode couldn't be met") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, prompt := range map[string]string{
		"nested lists": "JSON: " + strings.Repeat(`[{"a":`, 11) + `"b"` + strings.Repeat("}]", 11), "comments": "JSON " + strings.Repeat("{// ", 1<<17), "braces": "JSON " + strings.Repeat(`{"`, 1<<17),
	} {
		in, _ := json.Marshal(map[string]string{"prompt": prompt})
		if a, err := m.Run(t.Context(), llama, in, inference.RunOptions{}); err == nil && len(a.Body) > 3*inference.MaxGeneratedBytes {
			t.Errorf("%s: %d bytes", name, len(a.Body))
		}
	}
}
