package queues

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
	"flint/internal/cferr"
)

// commands are the commands of this group.
type commands struct{ *cli.App }

// newQueues makes the command with its subcommands.
func New(a *cli.App) *cobra.Command { return commands{a}.top() }

func (a commands) top() *cobra.Command {
	return cli.NewGroup("queues", "Queues",
		a.queuesList(), a.queuesInfo(), a.queuesCreate(), a.queuesUpdate(), a.queuesDelete(),
		a.queuesSend(), a.queuesPeek(), a.queuesPurge(), a.queuesPause(), a.queuesResume(),
		a.queuesRedrive(), a.queuesConsumer(), a.queuesPull(), a.queuesAck(), a.queuesWatch())
}

// openQueue is a queue that a command works on.
type openQueue struct {
	*emulator.Client
	name string
	base string // REST path
}

// onQueue runs f on the queue called name.
func (a commands) onQueue(cmd *cobra.Command, name string, f func(q *openQueue) error) error {
	return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) error {
		return noSuchQueue(cmd, c, f(&openQueue{c, name, "/queues" + emulator.Path(name)}))
	})
}

// call makes a REST call on the queue; path is below it.
func (q *openQueue) call(cmd *cobra.Command, method, path string, in, out any) error {
	_, err := q.Call(cmd.Context(), method, q.base+path, in, out)
	return err
}

// codeNoQueue is Cloudflare's code for a queue that nobody made.
const codeNoQueue = 11000

// noSuchQueue says which queues there are when the one that was meant is not.
func noSuchQueue(cmd *cobra.Command, c *emulator.Client, err error) error {
	var e *cferr.Error
	if !errors.As(err, &e) || e.Code != codeNoQueue {
		return err
	}
	var names []string
	if err := eachQueue(cmd, c, func(q QueueInfo) error { names = append(names, q.Name); return nil }); err != nil {
		return err
	}
	return fmt.Errorf("%s; there are: %s (`flint queues create NAME` makes one)", e.Message, cli.JoinOr(names, "none"))
}

// QueueInfo is a queue as the REST API shows it.
type QueueInfo struct {
	Name      string `json:"queue_name"`
	ID        string `json:"queue_id"`
	Created   string `json:"created_on"`
	Modified  string `json:"modified_on"`
	Producers []struct{ Type, Script string }
	Consumers []ConsumerInfo
	Settings  struct {
		Delay     int64 `json:"delivery_delay"`
		Paused    bool  `json:"delivery_paused"`
		Retention int64 `json:"message_retention_period"`
	}
	raw json.RawMessage
}

// ConsumerInfo is a consumer as the REST API shows it.
type ConsumerInfo struct {
	ID              string `json:"consumer_id"`
	Type, Script    string
	DeadLetterQueue string `json:"dead_letter_queue"`
	Settings        map[string]any
}

// queuesPerPage is how many queues a listing asks for at once.
const queuesPerPage = 1000

// eachQueue calls f for each queue, by name.
func eachQueue(cmd *cobra.Command, c *emulator.Client, f func(QueueInfo) error) error {
	query := url.Values{"per_page": {fmt.Sprint(queuesPerPage)}}
	for page := 1; ; page++ {
		query.Set("page", fmt.Sprint(page))
		var all []json.RawMessage
		if _, err := c.Call(cmd.Context(), http.MethodGet, "/queues?"+query.Encode(), nil, &all); err != nil {
			return err
		}
		for _, raw := range all {
			q := QueueInfo{raw: raw}
			if err := json.Unmarshal(raw, &q); err != nil {
				return err
			}
			if err := f(q); err != nil {
				return err
			}
		}
		if len(all) < queuesPerPage {
			return nil
		}
	}
}

func (a commands) queuesList() *cobra.Command {
	var asJSON bool
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "list",
		Short: "List the queues with their backlogs",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) error {
				if !asJSON {
					return a.printQueues(cmd, c)
				}
				list := a.PrintList("[", "]")
				err := eachQueue(cmd, c, func(q QueueInfo) error { return list.Add("", q.raw) })
				return list.End(err)
			})
		},
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// backlog is what the metrics of a queue say.
type backlog struct {
	Count  int64 `json:"backlog_count"`
	Bytes  int64 `json:"backlog_bytes"`
	Oldest int64 `json:"oldest_message_timestamp_ms"`
}

func (a commands) printQueues(cmd *cobra.Command, c *emulator.Client) error {
	var rows [][]string
	err := eachQueue(cmd, c, func(q QueueInfo) error {
		var m backlog
		if _, err := c.Call(cmd.Context(), http.MethodGet, "/queues"+emulator.Path(q.Name)+"/metrics", nil, &m); err != nil {
			return err
		}
		state := "delivers"
		switch {
		case q.Settings.Paused:
			state = "paused"
		case len(q.Consumers) == 0:
			state = "no consumer"
		case q.Consumers[0].Type == pullConsumer:
			state = "is pulled"
		}
		rows = append(rows, []string{q.Name, fmt.Sprint(m.Count), fmt.Sprint(m.Bytes), fmt.Sprint(len(q.Producers)), fmt.Sprint(len(q.Consumers)), state})
		return nil
	})
	if err == nil {
		cli.Table(a.Streams.Out, []string{"queue", "messages", "bytes", "producers", "consumers", "state"}, rows)
	}
	return err
}

// String is the consumer in one line.
func (c ConsumerInfo) String() string {
	if c.Type == "worker" {
		return "worker:" + c.Script
	}
	return strings.TrimSuffix(c.Type+":"+c.Script, ":")
}
