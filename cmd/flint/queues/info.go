package queues

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
)

// queueState is what flint tells of a queue.
type queueState struct {
	backlog
	Ready, Delayed, Leased, Dead int
	InFlight                     int            `json:"in_flight"`
	DeadLetterQueue              string         `json:"dead_letter_queue"`
	DeadFrom                     map[string]int `json:"dead_from"`
	Queue                        QueueInfo
}

func (a commands) queuesInfo() *cobra.Command {
	var asJSON bool
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "info QUEUE",
		Short: "Show what a queue holds and who sends to it and consumes it",
		Args:  cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onQueue(cmd, args[0], func(q *openQueue) error {
				if asJSON {
					var all map[string]any
					if err := q.call(cmd, http.MethodGet, "/info", nil, &all); err != nil {
						return err
					}
					return a.PrintJSON(all)
				}
				var s queueState
				if err := q.call(cmd, http.MethodGet, "/info", nil, &s); err != nil {
					return err
				}
				a.printState(&s)
				return nil
			})
		},
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printState begins with Wrangler's lines.
func (a commands) printState(s *queueState) {
	q := &s.Queue
	a.Printf("Queue Name: %s\nQueue ID: %s\nCreated On: %s\nLast Modified: %s", q.Name, q.ID, q.Created, q.Modified)
	a.Printf("Number of Producers: %d", len(q.Producers))
	for _, p := range q.Producers {
		a.Printf("  %s:%s", p.Type, p.Script)
	}
	a.Printf("Number of Consumers: %d", len(q.Consumers))
	for _, c := range q.Consumers {
		a.Printf("  %s%s", c, settingsOf(c))
	}
	if q.Settings.Paused {
		a.Printf("Deliveries are paused; `flint queues resume %s` goes on", q.Name)
	}
	a.Printf("Delivery Delay: %s\nMessage Retention: %s", seconds(q.Settings.Delay), seconds(q.Settings.Retention))
	a.Printf("Backlog: %s, %d bytes", messages(s.Count), s.Bytes)
	a.Printf("  ready %d, delayed %d, in flight %d, leased %d", s.Ready, s.Delayed, s.InFlight, s.Leased)
	if s.Oldest > 0 {
		a.Printf("Oldest Message: %s", isoTime(s.Oldest))
	}
	if s.DeadLetterQueue != "" {
		a.Printf("Dead Letters: %d in %s", s.Dead, s.DeadLetterQueue)
	}
	for _, from := range cli.SortedKeys(s.DeadFrom) {
		a.Printf("Dead letters of %s: %d; `flint queues redrive %s` sends them back", from, s.DeadFrom[from], q.Name)
	}
}

// settingsOf lists a consumer's settings.
func settingsOf(c ConsumerInfo) string {
	text := ""
	for _, name := range cli.SortedKeys(c.Settings) {
		text += fmt.Sprintf(" %s=%v", name, c.Settings[name])
	}
	if c.DeadLetterQueue != "" {
		text += " dead_letter_queue=" + c.DeadLetterQueue
	}
	return text
}

func seconds(n int64) string { return (time.Duration(n) * time.Second).String() }

func (a commands) queuesRedrive() *cobra.Command {
	var to, from string
	var limit int
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "redrive QUEUE",
		Short: "Send the messages of a dead letter queue back to where they came from, or to another queue",
		Args:  cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return cli.Usagef("--limit %d: it must not be negative", limit)
			}
			return a.onQueue(cmd, args[0], func(q *openQueue) error {
				var moved struct{ Moved int64 }
				if err := q.call(cmd, http.MethodPost, "/redrive", map[string]any{"to": to, "from": from, "limit": limit}, &moved); err != nil {
					return err
				}
				where := "to where they came from"
				if to != "" {
					where = "to " + to
				}
				a.Printf("Moved %s of %s %s.", messages(moved.Moved), args[0], where)
				return a.sayLeft(cmd, q, to, moved.Moved)
			})
		},
	})
	cmd.Flags().StringVar(&to, "to", "", "the queue that gets them")
	cmd.Flags().StringVar(&from, "from", "", "only the dead letters of this queue")
	cmd.Flags().IntVar(&limit, "limit", 0, "how many at most (0: all)")
	return cmd
}

// sayLeft explains messages that a redrive without a target leaves, and where
// the dead letters are when this queue has none.
func (a commands) sayLeft(cmd *cobra.Command, q *openQueue, to string, moved int64) error {
	if to != "" {
		return nil
	}
	var s queueState
	if err := q.call(cmd, http.MethodGet, "/info", nil, &s); err != nil {
		return err
	}
	sent := s.Ready + s.Delayed
	for _, n := range s.DeadFrom {
		sent -= n
	}
	if moved == 0 && s.Dead > 0 {
		fmt.Fprintf(a.Streams.Err, "Its own dead letters are in %s: `flint queues redrive %[1]s` sends them back.\n", s.DeadLetterQueue)
		return nil
	}
	if sent > 0 {
		fmt.Fprintf(a.Streams.Err, "Left there: %s that did not come as a dead letter; --to QUEUE moves all.\n", messages(int64(sent)))
	}
	return nil
}
