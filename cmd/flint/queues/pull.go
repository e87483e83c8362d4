package queues

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
)

func (a commands) queuesPull() *cobra.Command {
	var asJSON bool
	var most int
	var visible float64
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "pull QUEUE",
		Short: "Lease messages as a pull consumer; `queues ack` settles them",
		Args:  cli.Exactly("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{}
			if cmd.Flags().Changed("batch-size") {
				body["batch_size"] = most
			}
			if cmd.Flags().Changed("visibility-timeout-secs") {
				body["visibility_timeout_ms"] = 1000 * visible
			}
			return a.onQueue(cmd, args[0], func(q *openQueue) error {
				var got struct {
					Messages []received
					Backlog  int64 `json:"message_backlog_count"`
				}
				if err := q.call(cmd, http.MethodPost, "/messages/pull", body, &got); err != nil {
					return err
				}
				if len(got.Messages) == 0 && !asJSON {
					a.sayNothingToPull(args[0], got.Backlog)
					return nil
				}
				return a.printMessages(got.Messages, asJSON)
			})
		},
	})
	f := cmd.Flags()
	f.IntVarP(&most, "batch-size", "n", 5, "how many at most (1 to 100)")
	f.Float64Var(&visible, "visibility-timeout-secs", 30, "how long the leases hold")
	f.BoolVar(&asJSON, "json", false, "print JSON, with whole bodies")
	return cmd
}

func (a commands) sayNothingToPull(queue string, backlog int64) {
	if backlog == 0 {
		a.Printf("No messages wait in %s.", queue)
		return
	}
	a.Printf("No message of %s is ready: it holds %s with a delay or a lease; `flint queues info %[1]s` counts them.", queue, messages(backlog))
}

func (a commands) queuesAck() *cobra.Command {
	var retries []string
	var delay int64
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "ack QUEUE [LEASE]… [--retry LEASE]…",
		Short: "Acknowledge messages that were pulled, or ask for them again",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Usagef("%s needs a queue; see `%s --help`", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && len(retries) == 0 {
				return cli.Usagef("which message? Give its lease, as `flint queues pull` shows it, or --retry LEASE")
			}
			body := map[string][]map[string]any{"acks": {}, "retries": {}}
			for _, lease := range args[1:] {
				body["acks"] = append(body["acks"], map[string]any{"lease_id": lease})
			}
			for _, lease := range retries {
				retry := map[string]any{"lease_id": lease}
				if cmd.Flags().Changed("delay") {
					retry["delay_seconds"] = delay
				}
				body["retries"] = append(body["retries"], retry)
			}
			return a.onQueue(cmd, args[0], func(q *openQueue) error { return a.settle(cmd, q, body) })
		},
	})
	cmd.Flags().StringArrayVar(&retries, "retry", nil, "a lease whose message shall be delivered again (repeatable)")
	cmd.Flags().Int64Var(&delay, "delay", 0, "seconds until then (0 to 86400)")
	return cmd
}

func (a commands) settle(cmd *cobra.Command, q *openQueue, body any) error {
	var done struct {
		AckCount, RetryCount int64
		Warnings             map[string]string
	}
	if err := q.call(cmd, http.MethodPost, "/messages/ack", body, &done); err != nil {
		return err
	}
	a.Printf("Acknowledged %s, %d to be delivered again.", messages(done.AckCount), done.RetryCount)
	for _, lease := range cli.SortedKeys(done.Warnings) {
		fmt.Fprintf(a.Streams.Err, "%s: %s\n", lease, done.Warnings[lease])
	}
	if len(done.Warnings) > 0 && done.AckCount+done.RetryCount == 0 {
		return fmt.Errorf("no lease was settled")
	}
	return nil
}
