package r2

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flint/cmd/flint/cli"
	"flint/emulator"
)

func (a commands) r2Notification() *cobra.Command {
	return cli.NewGroup("notification", "Messages to a queue when objects come and go", a.r2NotificationList(), a.r2NotificationCreate(), a.r2NotificationDelete())
}

// Notifications are the rules of one queue.
type Notifications struct {
	ID    string `json:"queueId"`
	Name  string `json:"queueName"`
	Rules []struct {
		ID          string   `json:"ruleId"`
		Created     string   `json:"createdAt"`
		Prefix      string   `json:"prefix"`
		Suffix      string   `json:"suffix"`
		Actions     []string `json:"actions"`
		Description string   `json:"description"`
	} `json:"rules"`
}

func (b *bucket) events(elements ...string) string {
	return "/event_notifications/r2" + emulator.Path(append([]string{b.name, "configuration"}, elements...)...)
}

func (a commands) r2NotificationList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list BUCKET",
		Aliases: []string{"get"},
		Short:   "List the event notification rules of a bucket",
		Args:    cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				var found struct {
					Queues []Notifications `json:"queues"`
				}
				if _, err := b.Call(cmd.Context(), http.MethodGet, b.events(), nil, &found); err != nil {
					return err
				}
				if asJSON {
					return a.PrintJSON(found.Queues)
				}
				a.Printf("Fetching notification rules for bucket %s...", b.name)
				if len(found.Queues) == 0 {
					a.Printf("There are no event notification rules for bucket '%s'.", b.name)
				}
				between := ""
				for _, q := range found.Queues {
					for _, r := range q.Rules {
						fmt.Fprint(a.Streams.Out, between)
						a.labelled([][2]string{
							{"rule_id", r.ID}, {"created_at", r.Created}, {"queue_name", q.Name}, {"prefix", or(r.Prefix, "(all prefixes)")},
							{"suffix", or(r.Suffix, "(all suffixes)")}, {"event_type", strings.Join(r.Actions, ",")},
						})
						between = "\n"
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return r2Flags(cmd)
}

// eventTypes are Wrangler's names for what a rule is about.
var eventTypes = map[string][]string{
	"object-create": {"PutObject", "CompleteMultipartUpload", "CopyObject"},
	"object-delete": {"DeleteObject", "LifecycleDeletion"},
}

func (a commands) r2NotificationCreate() *cobra.Command {
	var types []string
	var queue, prefix, suffix, description string
	cmd := &cobra.Command{
		Use:   "create BUCKET --event-type TYPE --queue QUEUE",
		Short: "Send a message to a queue for each object that comes or goes",
		Args: func(cmd *cobra.Command, args []string) error {
			for len(args) > 1 && eventTypes[args[len(args)-1]] != nil { // Wrangler takes --event-types A B
				args = args[:len(args)-1]
			}
			return cli.Exactly("a bucket")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			types = append(types, args[1:]...)
			actions, err := actionsOf(types)
			if err != nil {
				return err
			}
			if queue == "" {
				return cli.Usagef("--queue is missing")
			}
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				a.Printf("Creating event notification rule for object %s (%s)", eventWords(types), strings.Join(actions, ","))
				rule := map[string]any{"prefix": prefix, "suffix": suffix, "actions": actions}
				if description != "" {
					rule["description"] = description
				}
				if _, err := b.Call(cmd.Context(), http.MethodPut, b.events("queues", queue), map[string]any{"rules": []any{rule}}, nil); err != nil {
					return noQueue(err, queue)
				}
				a.Printf("Event notification rule created successfully!")
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&types, "event-type", nil, "object-create or object-delete (repeatable)")
	f.StringVar(&queue, "queue", "", "the queue that gets the messages")
	f.StringVar(&prefix, "prefix", "", "only keys that begin with this")
	f.StringVar(&suffix, "suffix", "", "only keys that end with this")
	f.StringVar(&description, "description", "", "what the rule is for")
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "event-types" {
			name = "event-type"
		}
		return pflag.NormalizedName(name)
	})
	return r2Flags(cmd)
}

func actionsOf(types []string) (actions []string, err error) {
	if len(types) == 0 {
		return nil, cli.Usagef("--event-type is missing: object-create or object-delete")
	}
	for _, t := range types {
		if eventTypes[t] == nil {
			return nil, cli.Usagef("--event-type: %q is neither object-create nor object-delete", t)
		}
		for _, action := range eventTypes[t] {
			if !slices.Contains(actions, action) {
				actions = append(actions, action)
			}
		}
	}
	return actions, nil
}

// eventWords is creation and deletion, as Wrangler says it.
func eventWords(types []string) string {
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = map[string]string{"object-create": "creation", "object-delete": "deletion"}[t]
	}
	return strings.Join(words, " and ")
}

func noQueue(err error, queue string) error {
	if hasCode(err, codeQueueMissing) {
		return fmt.Errorf("no queue is called %q; `flint queues list` shows all", queue)
	}
	return err
}

func (a commands) r2NotificationDelete() *cobra.Command {
	var queue, rule string
	cmd := &cobra.Command{
		Use:   "delete BUCKET --queue QUEUE [--rule ID]",
		Short: "Remove the rule with an id, or all rules of a queue",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if queue == "" {
				return cli.Usagef("--queue is missing")
			}
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				in := map[string]any{}
				if rule == "" {
					a.Printf("Deleting event notification rules associated with queue %s...", queue)
				} else {
					a.Printf("Deleting event notifications rule %q...", rule)
					in["ruleIds"] = []string{rule}
				}
				if _, err := b.Call(cmd.Context(), http.MethodDelete, b.events("queues", queue), in, nil); err != nil {
					return noQueue(err, queue)
				}
				a.Printf("Event notification rule deleted successfully!")
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&queue, "queue", "", "the queue that gets the messages")
	cmd.Flags().StringVar(&rule, "rule", "", "the id of the rule (default all rules of the queue)")
	return r2Flags(cmd)
}

// codeQueueMissing is Cloudflare's code for a queue that nobody made.
const codeQueueMissing = 11000
