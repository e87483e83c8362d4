package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"flint/emulator"
)

func (a *app) queues() *cobra.Command {
	return group("queues", "Queues", a.queuesSend(), a.queuesList(),
		notYet("peek"), notYet("purge"), notYet("pause"), notYet("resume"), notYet("info"), notYet("redrive"), notYet("consumer"), notYet("watch"))
}

func (a *app) queuesSend() *cobra.Command {
	var asText bool
	var delay int
	cmd := &cobra.Command{
		Use:   "send QUEUE MESSAGE",
		Short: "Send a message: JSON, or text with --text",
		Args:  exactly("a queue", "a message"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			body, err := messageBody(args[1], asText, delay)
			if err != nil {
				return err
			}
			_, c, err := a.connect(cmd)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			if _, err := c.Call(cmd.Context(), http.MethodPost, "/queues"+emulator.Path(args[0])+"/messages", body, nil); err != nil {
				return err
			}
			fmt.Fprintf(a.std.Err, "sent to %s\n", args[0])
			return nil
		},
	}
	cmd.Flags().BoolVar(&asText, "text", false, "the message is text, not JSON")
	cmd.Flags().IntVar(&delay, "delay", 0, "seconds until it may be delivered (at most 86400)")
	return cmd
}

func messageBody(message string, asText bool, delay int) (map[string]any, error) {
	body := map[string]any{}
	if delay != 0 {
		body["delay_seconds"] = delay
	}
	if asText {
		body["content_type"], body["body"] = "text", message
		return body, nil
	}
	if !json.Valid([]byte(message)) {
		return nil, usagef("the message is not JSON: quote it as '{\"type\":\"x\"}', or send it with --text")
	}
	body["content_type"], body["body"] = "json", json.RawMessage(message)
	return body, nil
}

func (a *app) queuesList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the queues with their backlogs",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			_, c, err := a.connect(cmd)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			var queues []map[string]any
			if _, err := c.Call(cmd.Context(), http.MethodGet, "/queues", nil, &queues); err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(queues)
			}
			return a.printQueues(cmd, c, queues)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printQueues(cmd *cobra.Command, c *emulator.Client, queues []map[string]any) error {
	rows := make([][]string, len(queues))
	for i, q := range queues {
		name, _ := q["queue_name"].(string)
		var m struct {
			Count json.Number `json:"backlog_count"`
			Bytes json.Number `json:"backlog_bytes"`
		}
		if _, err := c.Call(cmd.Context(), http.MethodGet, "/queues"+emulator.Path(name)+"/metrics", nil, &m); err != nil {
			return err
		}
		rows[i] = []string{name, m.Count.String(), m.Bytes.String(),
			strings.TrimSpace(fmt.Sprint(q["producers_total_count"])), strings.TrimSpace(fmt.Sprint(q["consumers_total_count"]))}
	}
	table(a.std.Out, []string{"queue", "messages", "bytes", "producers", "consumers"}, rows)
	return nil
}
