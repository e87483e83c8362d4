package redact_test

import (
	"testing"

	"flint/internal/redact"
)

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Authorization: Bearer abcdefgh12345":           "Authorization: [redacted]",
		"the key sk-abcdefghijklmnop1234 is mine":       "the key [redacted] is mine",
		`{"client_secret": "a\"b", "name": "n"}`:        `{"client_secret": "[redacted]", "name": "n"}`,
		`data: {"api_key":"x"`:                          `data: {"api_key":"[redacted]"`,
		"AKIAABCDEFGHIJKLMNOP":                          "[redacted]",
		"eyJhbGciOiJI.eyJzdWIiOiIx.c2ln":                "[redacted]",
		"sk-short, a bearer of news, passwords, tokens": "sk-short, a bearer of news, passwords, tokens",
	} {
		if got := redact.Text(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
