package inference

import (
	"iter"
	"math/rand/v2"
	"strings"
)

const contentEvents = "text/event-stream"

// EventDone ends a stream of server-sent events.
var EventDone = []byte("data: [DONE]\n\n")

// Event frames v as one server-sent event.
func Event(v any) []byte {
	body, err := EncodeJSON(v)
	if err != nil { // only values of this package come here, and all of them encode
		return nil
	}
	return append(append([]byte("data: "), body...), '\n', '\n')
}

// StreamAnswer is the answer that sends frames, with what done knows of them.
func StreamAnswer(frames iter.Seq[[]byte], done *Completion) *Answer {
	return &Answer{ContentType: contentEvents, Stream: frames, Usage: done.Usage, Source: done.Source, Pace: done.Pace}
}

// Padding is text of random length that Workers AI adds to each event, so that the
// size of an encrypted packet does not tell the token in it.
func Padding(rng *rand.Rand) string {
	return strings.Repeat("abdefghijklmnopqrstuvwxyz0123456789", 2)[:1+rng.IntN(50)]
}
