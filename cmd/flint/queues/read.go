package queues

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
)

// received is a message as the REST API hands it out.
type received struct {
	ID        string            `json:"id"`
	Attempts  int               `json:"attempts"`
	Body      string            `json:"body"`
	LeaseID   string            `json:"lease_id"`
	Metadata  map[string]string `json:"metadata"`
	Timestamp int64             `json:"timestamp_ms"`
}

// ShownMessage is a message as --json prints it.
type ShownMessage struct {
	ID          string `json:"id"`
	Timestamp   string `json:"timestamp"`
	Attempts    int    `json:"attempts"`
	ContentType string `json:"content_type"`
	Body        any    `json:"body"` // text and JSON as they are, bytes and v8 in base64
	LeaseID     string `json:"lease_id,omitempty"`
}

func (m *received) contentType() string { return m.Metadata["CF-Content-Type"] }

// body is what was sent: the REST API gives all but text in base64.
func (m *received) body() ([]byte, error) {
	if m.contentType() == "text" {
		return []byte(m.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(m.Body)
	if err != nil {
		return nil, fmt.Errorf("the body of message %s is not base64: %w", m.ID, err)
	}
	return body, nil
}

func (m *received) shown() (ShownMessage, error) {
	body, err := m.body()
	out := ShownMessage{
		ID: m.ID, Timestamp: isoTime(m.Timestamp), Attempts: m.Attempts,
		ContentType: m.contentType(), LeaseID: m.LeaseID, Body: m.Body,
	}
	if out.ContentType == "json" && json.Valid(body) {
		out.Body = json.RawMessage(body)
	}
	return out, err
}

// isoTime is a moment as JavaScript writes it; empty for none.
func isoTime(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// printMessages prints an array or, for people, one line a message.
func (a commands) printMessages(all []received, asJSON bool) error {
	shown := make([]ShownMessage, len(all))
	for i := range all {
		var err error
		if shown[i], err = all[i].shown(); err != nil {
			return err
		}
	}
	if asJSON {
		return a.PrintJSON(shown)
	}
	rows := make([][]string, len(all))
	for i := range all {
		body, _ := all[i].body() // shown has read it
		rows[i] = []string{all[i].ID, shown[i].Timestamp, fmt.Sprint(all[i].Attempts), all[i].contentType(), oneLine(body)}
		if all[i].LeaseID != "" {
			rows[i] = append(rows[i], all[i].LeaseID)
		}
	}
	header := []string{"id", "sent", "attempts", "type", "body"}
	if len(all) > 0 && all[0].LeaseID != "" {
		header = append(header, "lease")
	}
	if len(rows) > 0 {
		cli.Table(a.Streams.Out, header, rows)
	}
	return nil
}

// bodyWidth is how many characters of a body a line shows.
const bodyWidth = 60

// oneLine is the beginning of a body on one line; what is no text is only counted.
func oneLine(body []byte) string {
	if !utf8.Valid(body) || bytes.ContainsFunc(body, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
		return fmt.Sprintf("(%d bytes)", len(body))
	}
	text := strings.Join(strings.Fields(string(body)), " ")
	if utf8.RuneCountInString(text) > bodyWidth {
		text = string([]rune(text)[:bodyWidth]) + "…"
	}
	return text
}

func (a commands) queuesPeek() *cobra.Command {
	var asJSON bool
	var most int
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "peek QUEUE",
		Short: "Show messages that wait, oldest first, and change nothing",
		Args:  cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if most < 1 || most > maxPeeked {
				return cli.Usagef("--number %d: it must be between 1 and %d", most, maxPeeked)
			}
			return a.onQueue(cmd, args[0], func(q *openQueue) error {
				var found struct{ Messages []received }
				if err := q.call(cmd, http.MethodGet, "/messages/peek?limit="+strconv.Itoa(most), nil, &found); err != nil {
					return err
				}
				if len(found.Messages) == 0 && !asJSON {
					a.Printf("No messages wait in %s.", args[0])
					return nil
				}
				return a.printMessages(found.Messages, asJSON)
			})
		},
	})
	cmd.Flags().IntVarP(&most, "number", "n", 10, "how many at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with whole bodies: text and JSON as they are, bytes and v8 in base64")
	return cmd
}

// maxPeeked is the most messages that one peek shows.
const maxPeeked = 1000
