package queues

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

// queuesConsumer has Wrangler's commands, and shorter ones that know from the
// arguments which kind is meant.
func (a commands) queuesConsumer() *cobra.Command {
	return cli.NewGroup("consumer", "Who consumes a queue",
		a.consumerAdd(anyConsumer), a.consumerRemove(anyConsumer), a.consumerList(""),
		cli.NewGroup("worker", "Workers that messages are delivered to", a.consumerAdd(workerConsumer), a.consumerRemove(workerConsumer), a.consumerList(workerConsumer)),
		cli.NewGroup("http", "Whoever pulls messages over HTTP", a.consumerAdd(pullConsumer), a.consumerRemove(pullConsumer), a.consumerList(pullConsumer)))
}

const (
	workerConsumer = "worker"
	pullConsumer   = "http_pull"
	anyConsumer    = "any"
)

// consumerArgs asks for a queue and, of a Worker, its name.
func consumerArgs(kind string) cobra.PositionalArgs {
	switch kind {
	case workerConsumer:
		return cli.Exactly("a queue", "the name of a Worker")
	case pullConsumer:
		return cli.Exactly("a queue")
	}
	return cli.OneOrTwo("a queue")
}

func usesOf(verb, kind string) string {
	return verb + map[string]string{workerConsumer: " QUEUE WORKER", pullConsumer: " QUEUE", anyConsumer: " QUEUE [WORKER]"}[kind]
}

// consumerFlags are the settings of a consumer, in Wrangler's spelling.
var consumerFlags = []struct {
	name, field, usage string
	scale              float64
	kind               string // empty: both
}{
	{"batch-size", "batch_size", "how many messages a batch has at most (1 to 100)", 1, ""},
	{"batch-timeout", "max_wait_time_ms", "seconds that a batch waits to fill (0 to 60)", 1000, workerConsumer},
	{"message-retries", "max_retries", "how often a message is delivered again (0 to 100)", 1, ""},
	{"max-concurrency", "max_concurrency", "how many batches run at once (1 to 250)", 1, workerConsumer},
	{"retry-delay-secs", "retry_delay", "seconds until a message is delivered again (0 to 86400)", 1, ""},
	{"visibility-timeout-secs", "visibility_timeout_ms", "seconds that a pulled message is leased (0 to 43200)", 1000, pullConsumer},
}

func (a commands) consumerAdd(kind string) *cobra.Command {
	var dead string
	var pull bool
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   usesOf("add", kind),
		Short: "Give a queue its consumer, which stays over restarts",
		Args:  consumerArgs(kind),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := kind
			if kind == anyConsumer {
				if pull == (len(args) == 2) {
					return cli.Usagef("who consumes %s? Give the name of a Worker, or --http for messages that are pulled", args[0])
				}
				kind = map[bool]string{true: pullConsumer, false: workerConsumer}[pull]
			}
			body, err := consumerBody(cmd, kind)
			if err != nil {
				return err
			}
			if dead != "" {
				body["dead_letter_queue"] = dead
			}
			if len(args) == 2 {
				body["script_name"] = args[1]
			}
			return a.addConsumer(cmd, args, body)
		},
	})
	for _, f := range consumerFlags {
		if kind == anyConsumer || f.kind == "" || f.kind == kind {
			cmd.Flags().Float64(f.name, 0, f.usage)
			cmd.Flags().Lookup(f.name).DefValue = "0" // not shown: the default is Cloudflare's
		}
	}
	cmd.Flags().StringVar(&dead, "dead-letter-queue", "", "the queue that gets what failed on every attempt")
	if kind == anyConsumer {
		cmd.Flags().BoolVar(&pull, "http", false, "messages are pulled over HTTP")
	}
	return cmd
}

// consumerBody is a request with the settings that were given.
func consumerBody(cmd *cobra.Command, kind string) (map[string]any, error) {
	settings := map[string]any{}
	for _, f := range consumerFlags {
		if !cmd.Flags().Changed(f.name) {
			continue
		}
		if f.kind != "" && f.kind != kind {
			return nil, cli.Usagef("--%s has no meaning for a consumer of type %s", f.name, kind)
		}
		value, err := cmd.Flags().GetFloat64(f.name)
		if err != nil {
			return nil, cli.Usage(err)
		}
		settings[f.field] = value * f.scale
	}
	return map[string]any{"type": kind, "settings": settings}, nil
}

func (a commands) addConsumer(cmd *cobra.Command, args []string, body map[string]any) error {
	return a.WithClient(cmd, func(p *config.Project, c *emulator.Client) error {
		q := &openQueue{c, args[0], "/queues" + emulator.Path(args[0])}
		a.Printf("Adding consumer to queue %s.", args[0])
		if err := q.call(cmd, http.MethodPost, "/consumers", body, nil); err != nil {
			return noSuchQueue(cmd, c, err)
		}
		a.Printf("Added consumer to queue %s.", args[0])
		if len(args) == 2 && !hasWorker(p, args[1]) {
			fmt.Fprintf(a.Streams.Err, "The project has no Worker %s: messages wait until there is one.\n", args[1])
		}
		return nil
	})
}

func hasWorker(p *config.Project, name string) bool {
	for i := range p.Workers {
		if p.Workers[i].Name == name {
			return true
		}
	}
	return false
}

func (a commands) consumerRemove(kind string) *cobra.Command {
	var pull bool
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   usesOf("remove", kind),
		Short: "Take the consumer from a queue, whose messages then wait",
		Args:  consumerArgs(kind),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := kind
			if pull {
				kind = pullConsumer
			}
			return a.WithClient(cmd, func(p *config.Project, c *emulator.Client) error {
				q := &openQueue{c, args[0], "/queues" + emulator.Path(args[0])}
				return noSuchQueue(cmd, c, a.removeConsumer(cmd, p, q, kind, args))
			})
		},
	})
	if kind == anyConsumer {
		cmd.Flags().BoolVar(&pull, "http", false, "only a consumer that pulls over HTTP")
	}
	return cmd
}

func (a commands) removeConsumer(cmd *cobra.Command, p *config.Project, q *openQueue, kind string, args []string) error {
	a.Printf("Removing consumer from queue %s.", q.name)
	var all []ConsumerInfo
	if err := q.call(cmd, http.MethodGet, "/consumers", nil, &all); err != nil {
		return err
	}
	for _, c := range all {
		if kind != anyConsumer && c.Type != kind || len(args) == 2 && c.Script != args[1] {
			continue
		}
		if err := q.call(cmd, http.MethodDelete, "/consumers"+emulator.Path(c.ID), nil, nil); err != nil {
			return err
		}
		a.Printf("Removed consumer from queue %s.", q.name)
		if file := declaredIn(p, q.name); file != "" {
			fmt.Fprintf(a.Streams.Err, "%s declares it: it is back after the next start.\n", file)
		}
		return nil
	}
	switch {
	case len(args) == 2: // as Wrangler says it
		return fmt.Errorf("no worker consumer '%s' exists for queue %s", args[1], q.name)
	case kind == pullConsumer:
		return fmt.Errorf("no http_pull consumer exists for queue %s", q.name)
	}
	return fmt.Errorf("queue %s has no consumer", q.name)
}

// declaredIn is the Wrangler file that declares the consumer of a queue.
func declaredIn(p *config.Project, queue string) string {
	for i := range p.Workers {
		for _, c := range p.Workers[i].QueueConsumers {
			if c.Queue == queue {
				return p.Workers[i].File
			}
		}
	}
	return ""
}

func (a commands) consumerList(kind string) *cobra.Command {
	var asJSON bool
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "list QUEUE",
		Short: "Show who consumes a queue",
		Args:  cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onQueue(cmd, args[0], func(q *openQueue) error {
				var all []map[string]any
				if err := q.call(cmd, http.MethodGet, "/consumers", nil, &all); err != nil {
					return err
				}
				shown := []map[string]any{}
				for _, c := range all {
					if kind == "" || c["type"] == kind {
						shown = append(shown, c)
					}
				}
				if asJSON {
					return a.PrintJSON(shown)
				}
				return a.printConsumers(shown, args[0])
			})
		},
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a commands) printConsumers(all []map[string]any, queue string) error {
	if len(all) == 0 {
		a.Printf("No consumers found for queue %q.", queue)
		return nil
	}
	text := func(v any) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprint(v)
	}
	names := []string{"batch_size", "max_wait_time_ms", "max_retries", "max_concurrency", "retry_delay", "visibility_timeout_ms"}
	rows := make([][]string, len(all))
	for i, c := range all {
		settings, _ := c["settings"].(map[string]any) // absent: every cell is a dash
		rows[i] = []string{text(c["type"]), text(c["script"]), text(c["dead_letter_queue"])}
		for _, name := range names {
			rows[i] = append(rows[i], text(settings[name]))
		}
	}
	cli.Table(a.Streams.Out, append([]string{"type", "script", "dead_letter_queue"}, names...), rows)
	return nil
}
