package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flint/config"
	"flint/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const sparkDir = "../fixtures/personality-spark"

// app is a client of a running Personality Spark.
type app struct {
	t *testing.T
	e *emulator.Emulator
}

// do sends a request and decodes the JSON answer into out (nil = ignored).
func (a app) do(method, path string, body, out any, status int) http.Header {
	a.t.Helper()
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			a.t.Fatal(err)
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.e.Run().URL+path, payload)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.send(req, out, status)
}

func (a app) send(req *http.Request, out any, status int) http.Header {
	a.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if res.StatusCode != status {
		a.t.Fatalf("%s %s: %s, want %d: %s", req.Method, req.URL, res.Status, status, data)
	}
	switch out := out.(type) {
	case nil:
	case *[]byte:
		*out = data
	default:
		if err := json.Unmarshal(data, out); err != nil {
			a.t.Fatalf("%s %s: %v: %s", req.Method, req.URL, err, data)
		}
	}
	return res.Header
}

type quiz struct {
	ID, Type, Title, Source string
	Questions               []struct {
		ID, Text, Trait string
		Options         []struct {
			ID, Text string
			Score    float64
		}
	}
}

type result struct {
	ID, UserID, QuizType string
	Traits               map[string]float64
	Shared               bool
}

type summary struct {
	Totals struct {
		Generated, Completed, Shared int
	}
}

// take generates a quiz, answers it with the last options, and returns both.
func (a app) take(quizType, user string) (quiz, result) {
	a.t.Helper()
	var q quiz
	a.do("GET", "/api/quizzes/generate/"+quizType, nil, &q, 200)
	if q.Type != quizType || q.Source != "workers-ai" || len(q.Questions) < 5 {
		a.t.Fatalf("quiz: %+v", q)
	}
	answers := []map[string]string{}
	for _, question := range q.Questions {
		last := question.Options[len(question.Options)-1]
		answers = append(answers, map[string]string{"questionId": question.ID, "optionId": last.ID})
	}
	body := map[string]any{"quizId": q.ID, "answers": answers, "completionTime": 60}
	if user != "" {
		body["userId"] = user
	}
	var r result
	a.do("POST", "/api/quizzes/submit", body, &r, 200)
	if r.QuizType != quizType || len(r.Traits) == 0 {
		a.t.Fatalf("result: %+v", r)
	}
	return q, r
}

// card makes the share card of a result and fetches it from its public host.
func (a app) card(resultID string) {
	a.t.Helper()
	var made struct{ ImageURL, ShareURL string }
	a.do("POST", "/api/share/create-card", map[string]string{"resultId": resultID}, &made, 200)
	key, ok := strings.CutPrefix(made.ImageURL, "https://media.personalityspark.com")
	if !ok {
		a.t.Fatalf("imageUrl %q", made.ImageURL)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), "GET", a.e.Run().URL+key, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Host = "media.personalityspark.com"
	var data []byte
	h := a.send(req, &data, 200)
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		a.t.Errorf("the card is no PNG: %v", err)
	}
	if h.Get("Cache-Control") != "public, max-age=31536000" || h.Get("Content-Type") != "image/png" || h.Get("ETag") == "" {
		a.t.Errorf("headers of the card: %v", h)
	}
	var page []byte
	a.do("GET", "/share/"+resultID, nil, &page, 200)
	for _, want := range []string{`property="og:image" content="` + made.ImageURL, `property="og:title"`, "personalityspark://result/" + resultID} {
		if !bytes.Contains(page, []byte(want)) {
			a.t.Errorf("the share page lacks %s", want)
		}
	}
}

// analytics moves the clock past the batch timeout, so the consumer has run,
// and reads the summary.
func (a app) analytics(quizType string) summary {
	a.t.Helper()
	if err := a.e.Advance(a.t.Context(), 5*time.Second); err != nil {
		a.t.Fatal(err)
	}
	var s summary
	a.do("GET", "/api/analytics/summary?quizType="+quizType, nil, &s, 200)
	return s
}

func TestPersonalitySpark(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), ".flint")
	keep := func(p *config.Project) { p.Settings.State = state }
	e := emulator.StartT(t, sparkDir, keep)
	a := app{t, e}
	var user struct{ ID, Email string }
	a.do("POST", "/api/users", map[string]string{"email": "ada@example.com", "username": "ada"}, &user, 201)
	results := map[string]result{}
	for _, quizType := range []string{"big5", "mood"} {
		_, r := a.take(quizType, user.ID)
		results[quizType] = r
		a.card(r.ID)
		if s := a.analytics(quizType); s.Totals.Generated != 1 || s.Totals.Completed != 1 || s.Totals.Shared != 1 {
			t.Errorf("analytics of %s: %+v", quizType, s)
		}
	}
	var list struct{ Results []result }
	a.do("GET", "/api/users/"+user.ID+"/results?limit=1", nil, &list, 200)
	if len(list.Results) != 1 {
		t.Errorf("limit=1 gives %d results", len(list.Results))
	}
	a.do("PUT", "/api/sessions/s1", map[string]int{"step": 3}, nil, 200)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	a.e = emulator.RunT(t, sparkDir, keep) // again after a restart
	var back result
	a.do("GET", "/api/quizzes/results/"+results["big5"].ID, nil, &back, 200)
	if back.UserID != user.ID || !back.Shared || fmt.Sprint(back.Traits) != fmt.Sprint(results["big5"].Traits) {
		t.Errorf("after the restart: %+v, want %+v shared", back, results["big5"])
	}
	var session struct{ Data map[string]int }
	a.do("GET", "/api/sessions/s1", nil, &session, 200)
	if session.Data["step"] != 3 {
		t.Errorf("the session after the restart: %+v", session)
	}
	a.take("quick", "")
	a.card(results["mood"].ID)
	a.do("DELETE", "/api/users/"+user.ID, nil, nil, 200)
	a.do("GET", "/api/quizzes/results/"+results["big5"].ID, nil, nil, 404) // the cascade took it
}

func TestPersonalitySparkRefusesBadInput(t *testing.T) {
	t.Parallel()
	a := app{t, emulator.RunT(t, sparkDir)}
	var text []byte
	a.do("GET", "/quizzes/generate/zodiac", nil, &text, 400)
	if !bytes.Contains(text, []byte("Invalid quiz type")) {
		t.Errorf("unknown type: %s", text)
	}
	var bad struct{ Field string }
	a.do("POST", "/api/quizzes/submit", map[string]any{"quizId": "x", "answers": "none"}, &bad, 400)
	if bad.Field != "answers" {
		t.Errorf("the field of a bad body: %+v", bad)
	}
	a.do("GET", "/nowhere", nil, nil, 404)
}

// The fallbacks are answered offline, in their providers' own shapes.
func TestPersonalitySparkFallsBack(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"deepseek", "openrouter"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			a := app{t, emulator.RunT(t, sparkDir, func(p *config.Project) { setVar(p, "AI_ORDER", provider) })}
			var q quiz
			a.do("GET", "/quizzes/generate/daily", nil, &q, 200)
			if q.Source != provider || len(q.Questions) < 5 {
				t.Errorf("quiz from %s with %d questions", q.Source, len(q.Questions))
			}
		})
	}
}

func setVar(p *config.Project, name, value string) {
	vars := p.Workers[0].Vars
	for i := range vars {
		if vars[i].Name == name {
			vars[i].Text = value
			return
		}
	}
	p.Workers[0].Vars = append(vars, config.Var{Name: name, Text: value})
}

// Traffic splitting sends everything to a stand-in for the old backend.
func TestPersonalitySparkProxiesToTheOldBackend(t *testing.T) {
	t.Parallel()
	old := startOldBackend(t)
	a := app{t, emulator.RunT(t, sparkDir, func(p *config.Project) {
		setVar(p, "MIGRATION_PERCENTAGE", "0")
		setVar(p, "OLD_BACKEND_URL", old)
	})}
	var body []byte
	h := a.do("GET", "/api/quizzes/generate/big5?x=1", nil, &body, 200)
	if string(body) != "old backend: GET /api/quizzes/generate/big5?x=1" || h.Get("X-Backend") != "old" {
		t.Errorf("%s %v", body, h)
	}
}

func startOldBackend(t *testing.T) string {
	return newServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "old backend: %s %s", r.Method, r.URL.RequestURI())
	})
}

// The seed's own file, as it is written: its bindings stand under
// [env.production] only.
func TestSeedFileRuns(t *testing.T) {
	t.Parallel()
	p, err := config.Load(config.Options{Dir: sparkDir, Files: []string{"apps/api/wrangler.seed.toml"}, Env: "production"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(p.Warnings, "\n"), "queues.producers") {
		t.Errorf("no warning names the current spelling: %q", p.Warnings)
	}
	s := &p.Settings
	s.Port, s.ControlPort, s.S3Port, s.Watch, s.State = 0, 0, 0, false, filepath.Join(t.TempDir(), ".flint")
	ctx := context.Background()
	e, err := emulator.New(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	a := app{t, e}
	var q quiz
	a.do("GET", "/quizzes/generate/daily", nil, &q, 200) // without [ai]: by a fallback, from KV the second time
	var again quiz
	a.do("GET", "/quizzes/generate/daily", nil, &again, 200)
	if q.ID == "" || q.ID != again.ID {
		t.Errorf("not cached: %s, %s", q.ID, again.ID)
	}
}
