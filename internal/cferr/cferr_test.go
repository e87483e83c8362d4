package cferr

import (
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	if got, want := New(404, 10007, "no such bucket").Error(), "no such bucket (10007)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Newf(400, 0, "bad %s", "key").Error(), "bad key"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIsComparesCodeAndStatus(t *testing.T) {
	t.Parallel()
	sentinel := New(404, 10007, "no such bucket")
	cases := []struct {
		err  error
		want bool
	}{
		{New(404, 10007, "no such bucket: photos"), true},
		{fmt.Errorf("open: %w", New(404, 10007, "x")), true},
		{errors.Join(io.EOF, sentinel), true},
		{New(404, 10008, "no such bucket"), false},
		{New(400, 10007, "no such bucket"), false},
		{errors.New("no such bucket (10007)"), false},
		{nil, false},
	}
	for _, c := range cases {
		if got := errors.Is(c.err, sentinel); got != c.want {
			t.Errorf("Is(%v) = %v, want %v", c.err, got, c.want)
		}
	}
	// Without a code only the message tells two errors apart.
	if errors.Is(New(400, 0, "a"), New(400, 0, "b")) || !errors.Is(New(400, 0, "a"), New(400, 0, "a")) {
		t.Error("errors without a code must be compared by their message")
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	e := New(400, 1, "x")
	if got := From(fmt.Errorf("a: %w", fmt.Errorf("b: %w", e))); got != e {
		t.Errorf("From(wrapped) = %v, want the Error itself", got)
	}
	for _, foreign := range []error{io.EOF, nil} {
		if got := From(foreign); got != Internal {
			t.Errorf("From(%v) = %v, want Internal", foreign, got)
		}
	}
}

func TestNotServedNamesTheThing(t *testing.T) {
	t.Parallel()
	e := NotServed("KV bulk get")
	if e.Status != 501 || e.Message != "flint does not serve KV bulk get yet" {
		t.Errorf("got %+v", e)
	}
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		write  func(w *httptest.ResponseRecorder)
		status int
		body   string
	}{
		{"result", func(w *httptest.ResponseRecorder) { WriteResult(w, map[string]string{"a": "<b>&"}, nil) }, 200,
			`{"result":{"a":"<b>&"},"success":true,"errors":[],"messages":[]}`},
		{"nothing", func(w *httptest.ResponseRecorder) { WriteResult(w, nil, nil) }, 200,
			`{"result":null,"success":true,"errors":[],"messages":[]}`},
		{"page", func(w *httptest.ResponseRecorder) { WriteResult(w, []int{}, Info{"count": 0, "cursor": ""}) }, 200,
			`{"result":[],"success":true,"errors":[],"messages":[],"result_info":{"count":0,"cursor":""}}`},
		{"error", func(w *httptest.ResponseRecorder) {
			WriteError(w, fmt.Errorf("x: %w", New(404, 10009, "key not found")))
		}, 404,
			`{"result":null,"success":false,"errors":[{"code":10009,"message":"key not found"}],"messages":[]}`},
		{"foreign error says nothing", func(w *httptest.ResponseRecorder) { WriteError(w, errors.New("/secret/path")) }, 500,
			`{"result":null,"success":false,"errors":[{"code":10001,"message":"We encountered an internal error. Please try again."}],"messages":[]}`},
		{"unencodable result", func(w *httptest.ResponseRecorder) { WriteResult(w, make(chan int), nil) }, 500,
			`{"result":null,"success":false,"errors":[{"code":10001,"message":"We encountered an internal error. Please try again."}],"messages":[]}`},
		{"error without a status", func(w *httptest.ResponseRecorder) { WriteError(w, New(0, 1, "x")) }, 500,
			`{"result":null,"success":false,"errors":[{"code":1,"message":"x"}],"messages":[]}`},
	}
	for _, c := range cases {
		w := httptest.NewRecorder()
		c.write(w)
		if w.Code != c.status || w.Body.String() != c.body+"\n" {
			t.Errorf("%s: %d %s\nwant %d %s", c.name, w.Code, w.Body, c.status, c.body)
		}
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: Content-Type %q", c.name, got)
		}
	}
}
