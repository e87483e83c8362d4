package queues

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

// queueFlags are the settings of a queue, in Wrangler's spelling.
type queueFlags struct{ delay, retention int64 }

func (q *queueFlags) command(cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	f.Int64Var(&q.delay, "delivery-delay-secs", 0, "seconds that a message waits before it may be delivered (0 to 86400)")
	f.Int64Var(&q.retention, "message-retention-period-secs", 0, "seconds that a message is kept (60 to 1209600)")
	return cli.LocalFlags(cmd)
}

// settings are those that were given; nil when none was.
func (q *queueFlags) settings(cmd *cobra.Command) (map[string]any, error) {
	given := map[string]any{}
	for _, s := range []struct {
		flag, field string
		value       int64
		least, most int64
	}{
		{"delivery-delay-secs", "delivery_delay", q.delay, 0, 86400},
		{"message-retention-period-secs", "message_retention_period", q.retention, 60, 1209600},
	} {
		if !cmd.Flags().Changed(s.flag) {
			continue
		}
		if s.value < s.least || s.value > s.most {
			return nil, cli.Usagef("Invalid --%s value: %d. Must be between %d and %d", s.flag, s.value, s.least, s.most)
		}
		given[s.field] = s.value
	}
	if len(given) == 0 {
		return nil, nil
	}
	return given, nil
}

func (a commands) queuesCreate() *cobra.Command {
	var q queueFlags
	return q.command(&cobra.Command{
		Use:   "create QUEUE",
		Short: "Create a queue, and print the lines of the configuration that bind it",
		Args:  cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := q.settings(cmd)
			if err != nil {
				return err
			}
			return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) error {
				a.Printf("🌀 Creating queue '%s'", args[0])
				body := map[string]any{"queue_name": args[0]}
				if settings != nil {
					body["settings"] = settings
				}
				if _, err := c.Call(cmd.Context(), http.MethodPost, "/queues", body, nil); err != nil {
					return err
				}
				a.Printf("✅ Created queue '%s'\n\nSend to it from a Worker:\n[[queues.producers]]\nbinding = %q\nqueue = %q\n\nConsume it in a Worker:\n[[queues.consumers]]\nqueue = %[1]q",
					args[0], cli.BindingName(strings.ReplaceAll(args[0], "-", "_")), args[0])
				return nil
			})
		},
	})
}

func (a commands) queuesUpdate() *cobra.Command {
	var q queueFlags
	return q.command(&cobra.Command{
		Use:   "update QUEUE",
		Short: "Change the delay or the retention of a queue",
		Args:  cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := q.settings(cmd)
			if err != nil {
				return err
			}
			if settings == nil {
				return cli.Usagef("nothing to change: give --delivery-delay-secs or --message-retention-period-secs")
			}
			return a.changeQueue(cmd, args[0], "Updating queue %s.", "Updated queue %s.", http.MethodPatch, map[string]any{"settings": settings})
		},
	})
}

func (a commands) queuesDelete() *cobra.Command {
	return cli.LocalFlags(&cobra.Command{
		Use:   "delete QUEUE",
		Short: "Delete a queue with its messages; one that a Worker binds is refused",
		Args:  cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeQueue(cmd, args[0], "Deleting queue %s.", "Deleted queue %s.", http.MethodDelete, nil)
		},
	})
}

func (a commands) queuesPause() *cobra.Command {
	return a.queuesToggle("pause QUEUE", "Stop deliveries; messages are still taken", "Pausing", "Paused", true)
}

func (a commands) queuesResume() *cobra.Command {
	return a.queuesToggle("resume QUEUE", "Deliver again after a pause", "Resuming", "Resumed", false)
}

func (a commands) queuesToggle(use, short, doing, done string, paused bool) *cobra.Command {
	return cli.LocalFlags(&cobra.Command{
		Use:     use,
		Aliases: []string{strings.Fields(use)[0] + "-delivery"}, // Wrangler's
		Short:   short,
		Args:    cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			const what = " message delivery for queue %s."
			return a.changeQueue(cmd, args[0], doing+what, done+what, http.MethodPatch,
				map[string]any{"settings": map[string]any{"delivery_paused": paused}})
		},
	})
}

// changeQueue makes one call on a queue, with Wrangler's sentence before and after.
func (a commands) changeQueue(cmd *cobra.Command, name, doing, done, method string, body any) error {
	return a.onQueue(cmd, name, func(q *openQueue) error {
		a.Printf(doing, name)
		if err := q.call(cmd, method, "", body, nil); err != nil {
			return err
		}
		a.Printf(done, name)
		return nil
	})
}

func (a commands) queuesPurge() *cobra.Command {
	var force bool
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "purge QUEUE",
		Short: "Delete all messages of a queue",
		Args:  cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			yes, _ := cmd.Flags().GetBool("yes")
			if !force && !yes {
				if err := a.confirmPurge(args[0]); err != nil {
					return err
				}
			}
			return a.onQueue(cmd, args[0], func(q *openQueue) error {
				var m backlog
				if err := q.call(cmd, http.MethodGet, "/metrics", nil, &m); err != nil {
					return err
				}
				if err := q.call(cmd, http.MethodPost, "/purge", map[string]any{"delete_messages_permanently": true}, nil); err != nil {
					return err
				}
				a.Printf("Purged Queue '%s' (%s)", args[0], messages(m.Count))
				return nil
			})
		},
	})
	cmd.Flags().BoolVar(&force, "force", false, "do not ask")
	return cmd
}

// confirmPurge asks for the name of the queue, as Wrangler does.
func (a commands) confirmPurge(name string) error {
	if !a.Streams.CanPrompt {
		return cli.Usagef("the --force flag is required to purge a queue where nobody can be asked")
	}
	fmt.Fprintf(a.Streams.Err, "This will delete all the messages of queue %s for good. Type %[1]s to proceed: ", name)
	answer, err := bufio.NewReader(a.Streams.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(answer) != name {
		return errors.New("that is not the name of the queue; nothing was purged")
	}
	return nil
}

func messages(n int64) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}
