package queues

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

// PassedMessage is a line of the stream of events.
type PassedMessage struct {
	Event, At, Queue, ID, To, Due string
	Attempts                      int
	Count                         int64 // of events that were lost
	Queues                        []string
	ContentType                   string `json:"content_type"`
	Body                          json.RawMessage
}

func (a commands) queuesWatch() *cobra.Command {
	var asJSON bool
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "watch [QUEUE]…",
		Short: "Show messages as they are sent, delivered, acknowledged, retried and dead-lettered, until Ctrl-C",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) error {
				if !c.Running() {
					return errors.New("nothing passes: flint does not run on this project; start it with `flint dev`")
				}
				body, err := c.Watch(cmd.Context(), args...)
				if err != nil {
					return noSuchQueue(cmd, c, err)
				}
				defer body.Close()
				err = a.printEvents(body, asJSON)
				if cmd.Context().Err() != nil { // Ctrl-C is how it ends
					return nil
				}
				if err == nil {
					err = errors.New("flint has ended")
				}
				return err
			})
		},
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line, with whole bodies")
	return cmd
}

// printEvents shows a stream until it ends.
func (a commands) printEvents(stream io.Reader, asJSON bool) error {
	for lines := bufio.NewReaderSize(stream, 64<<10); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the stream broke off: %w", err)
		}
		if asJSON {
			if _, err := a.Streams.Out.Write(line); err != nil {
				return err
			}
			continue
		}
		var w PassedMessage
		if err := json.Unmarshal(line, &w); err != nil {
			return fmt.Errorf("flint's answer is not JSON: %w", err)
		}
		a.Printf("%s", w.String())
	}
}

// String is the line that a person reads.
func (w *PassedMessage) String() string {
	switch w.Event {
	case "watching":
		return "Watching " + cli.JoinOr(w.Queues, "all queues") + "; Ctrl-C ends it."
	case "lost":
		return fmt.Sprintf("… %d events passed too quickly to be shown", w.Count)
	}
	clock := w.At
	if _, after, ok := strings.Cut(w.At, "T"); ok {
		clock, _, _ = strings.Cut(strings.TrimSuffix(after, "Z")+".", ".")
	}
	line := fmt.Sprintf("%s %-13s %s", clock, w.Event, w.Queue)
	if w.ID != "" {
		line += " " + w.ID[:min(8, len(w.ID))]
	}
	if w.Attempts > 0 {
		line += fmt.Sprintf(" attempt %d", w.Attempts)
	}
	if w.To != "" {
		line += " to " + w.To
	}
	if w.Due != "" {
		line += " due " + w.Due
	}
	if w.ContentType != "" {
		line += " " + w.ContentType + " " + w.body()
	}
	return line
}

func (w *PassedMessage) body() string {
	var text string
	if w.ContentType == "json" || json.Unmarshal(w.Body, &text) != nil {
		text = string(w.Body)
	}
	return oneLine([]byte(text))
}
