package outbound

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "m.yaml"), "mocks: [{name: kept, match: {host: mock.test}, times: 1, text: once}]")
	real := origin(t, says("real").ServeHTTP)
	g := gateOf(t, Options{Rules: Rules{Mocks: []string{file}}, dial: to(real.Listener.Addr().String()), Hosts: map[string]http.Handler{"api.openai.com": says("ai")}})
	defer g.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.ServeBinding(w, r, "app") }))
	defer s.Close()
	expect := func(url, want string) {
		t.Helper()
		if got := said(t, s, "GET", url, ""); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
	expect("http://mock.test/", "200 once")
	expect("http://a.test/", "502 flint refused")
	expect("https://api.openai.com/", "200 ai")
	if err := g.Configure(Rules{Mocks: []string{file}, Allow: []string{"*"}}); err != nil {
		t.Fatal(err)
	}
	expect("http://mock.test/", "200 real") // the mock has given its one answer
	expect("http://a.test/", "200 real")
	expect("https://api.openai.com/", "200 ai") // a bare * leaves the providers inside
	if err := g.Configure(Rules{Allow: []string{"api.openai.com"}, Inline: []json.RawMessage{json.RawMessage(`{"match":{"host":"a.test"},"text":"inline"}`)}, File: "flint.toml"}); err != nil {
		t.Fatal(err)
	}
	expect("http://api.openai.com/", "200 real") // its name does not
	expect("http://a.test/", "200 inline")
	for _, bad := range []Rules{{Mocks: []string{"nowhere"}}, {CA: filepath.Join(dir, "none.pem")}, {CA: file}} {
		if err := g.Configure(bad); err == nil {
			t.Errorf("accepted: %+v", bad)
		}
	}
	expect("http://a.test/", "200 inline") // the last good rules stay
}

func TestOrderOfRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real := origin(t, says("real").ServeHTTP)
	gate := served(t, Options{
		Rules: Rules{Allow: []string{"*.test"}, Record: []string{"rec.test"}, Replay: []string{"rep.test"}, Cassettes: dir},
		Inside: func(_, host, _ string) Internal {
			switch host {
			case "in.test":
				return Internal{Handler: says("inside"), Name: "worker x"}
			case "own.test", "own.example":
				return Internal{Handler: says("inside"), Name: "worker x", IsOwnZone: true}
			}
			return Internal{}
		},
		dial: to(real.Listener.Addr().String()),
	})
	for url, want := range map[string]string{
		"http://in.test/": "200 inside", "http://rec.test/": "200 real", "http://rep.test/": "502 flint replays", "http://x.test/": "200 real",
		"http://own.test/": "200 real", "http://own.example/": "502 flint refused fetch() to own.example, which is a route of the Worker's own zone",
	} {
		if got := said(t, gate, "GET", url, ""); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

func TestJournalIsARing(t *testing.T) {
	t.Parallel()
	var j journal
	for i := range journalEntries + 5 {
		j.add(Entry{URL: fmt.Sprint(i)})
	}
	list := j.list()
	if len(list) != journalEntries || list[0].URL != "5" || list[0].Number != 6 || list[len(list)-1].Number != journalEntries+5 {
		t.Errorf("%d entries from %+v to %+v", len(list), list[0], list[len(list)-1])
	}
	g := Gate{}
	g.journal.count, g.journal.entries = 7, []Entry{{Number: 7}}
	g.Clear()
	for range journalEntries + 1 {
		g.journal.add(Entry{})
	}
	if list = g.Log(); list[0].Number != 9 || len(list) != journalEntries {
		t.Errorf("after Clear the ring begins with %d of %d", list[0].Number, len(list))
	}
	for i := range maxFollowers + 1 {
		if _, _, ok := j.subscribe(); ok != (i < maxFollowers) {
			t.Errorf("follower %d: %v", i, ok)
		}
	}
}
