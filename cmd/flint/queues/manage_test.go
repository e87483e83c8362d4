package queues

import (
	"bytes"
	"strings"
	"testing"

	"flint/cmd/flint/cli"
	"flint/internal/console"
)

// A purge asks a person for the name of the queue.
func TestPurgeAsks(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{"kept\n": "", "kept": "", "y\n": "nothing was purged", "": "nothing was purged"} {
		var asked bytes.Buffer
		a := &cli.App{Streams: console.Streams{In: strings.NewReader(answer), Err: &asked, CanPrompt: true}}
		err := commands{a}.confirmPurge("kept")
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("answer %q: %v", answer, err)
		}
		if !strings.Contains(asked.String(), "all the messages of queue kept") {
			t.Errorf("asked %q", &asked)
		}
	}
}
