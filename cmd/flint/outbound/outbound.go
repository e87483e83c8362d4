package outbound

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/emulator"
)

// commands are the commands of this group.
type commands struct{ *cli.App }

// newOutbound makes the command with its subcommands.
func New(a *cli.App) *cobra.Command { return commands{a}.top() }

func (a commands) top() *cobra.Command {
	return cli.NewGroup("outbound", "What the Workers' fetch() calls reach", a.outboundLog(), a.outboundMocks())
}

func (a commands) outboundLog() *cobra.Command {
	var follow, asJSON bool
	cmd := &cobra.Command{
		Use:   "log",
		Short: "List the latest fetch() calls of the running flint: who answered, and how",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.control(cmd, outboundLogPath(follow), func(body io.Reader) error {
				if follow {
					return a.followCalls(body, asJSON)
				}
				var out struct{ Calls []json.RawMessage }
				if err := json.NewDecoder(body).Decode(&out); err != nil {
					return fmt.Errorf("the answer of flint is not JSON: %w", err)
				}
				if asJSON {
					return a.PrintJSON(out.Calls)
				}
				return a.printCalls(out.Calls)
			})
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with each new call")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON; with --follow an object a line")
	return cmd
}

func outboundLogPath(follow bool) string {
	if follow {
		return "/_flint/outbound/log?follow=1"
	}
	return "/_flint/outbound/log"
}

// control asks the running flint's control API.
func (a commands) control(cmd *cobra.Command, path string, use func(io.Reader) error) (err error) {
	_, c, err := a.Connect(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	body, err := c.Control(cmd.Context(), path)
	if err != nil {
		return err
	}
	defer body.Close()
	return use(body)
}

// call is one line of the log.
type call struct {
	Number int64     `json:"n"`
	Time   time.Time `json:"time"`
	Worker string    `json:"worker"`
	Method string    `json:"method"`
	URL    string    `json:"url"`
	By     string    `json:"by"`
	Status int       `json:"status"`
	Bytes  int64     `json:"bytes"`
	Millis float64   `json:"ms"`
}

// status is what a person reads of it: a call that broke off has none.
func (c *call) status() string {
	if c.Status == 0 {
		return "-"
	}
	return strconv.Itoa(c.Status)
}

func (a commands) printCalls(calls []json.RawMessage) error {
	if len(calls) == 0 {
		fmt.Fprintln(a.Streams.Err, "no Worker has called fetch() yet")
		return nil
	}
	rows := make([][]string, len(calls))
	for i, raw := range calls {
		var c call
		if err := json.Unmarshal(raw, &c); err != nil {
			return err
		}
		rows[i] = []string{c.Time.Format(time.TimeOnly), c.Worker, c.Method, c.URL, c.By, c.status(),
			strconv.FormatInt(c.Bytes, 10), strconv.FormatFloat(c.Millis, 'f', 1, 64)}
	}
	cli.Table(a.Streams.Out, []string{"time", "worker", "method", "url", "answered by", "status", "bytes", "ms"}, rows)
	return nil
}

// followCalls prints each call as it comes.
func (a commands) followCalls(body io.Reader, asJSON bool) error {
	lines := bufio.NewReaderSize(body, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // flint ended
		}
		if err != nil {
			return err
		}
		if asJSON {
			if _, err := a.Streams.Out.Write(line); err != nil {
				return err
			}
			continue
		}
		var c call
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		fmt.Fprintf(a.Streams.Out, "%s %s %s %s → %s (%s, %d bytes, %.1f ms)\n",
			c.Time.Format(time.TimeOnly), c.Worker, c.Method, c.URL, c.status(), c.By, c.Bytes, c.Millis)
	}
}

func (a commands) outboundMocks() *cobra.Command {
	var unused, asJSON bool
	cmd := &cobra.Command{
		Use:   "mocks",
		Short: "List the mocks of the running flint, and how often each answered",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.control(cmd, "/_flint/outbound/mocks", func(body io.Reader) error {
				var out struct{ Mocks []emulator.MockReport }
				if err := json.NewDecoder(body).Decode(&out); err != nil {
					return fmt.Errorf("the answer of flint is not JSON: %w", err)
				}
				return a.printMocks(out.Mocks, unused, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&unused, "unused", false, "only those that answered nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a commands) printMocks(mocks []emulator.MockReport, unused, asJSON bool) error {
	shown := []emulator.MockReport{}
	for _, m := range mocks {
		if !unused || m.Used == 0 {
			shown = append(shown, m)
		}
	}
	if asJSON {
		return a.PrintJSON(shown)
	}
	if len(shown) == 0 {
		fmt.Fprintln(a.Streams.Err, map[bool]string{true: "every mock answered something", false: "there are no mocks"}[unused && len(mocks) > 0])
		return nil
	}
	rows := make([][]string, len(shown))
	for i, m := range shown {
		rows[i] = []string{m.Name, m.Host, m.File, strconv.FormatInt(m.Used, 10)}
	}
	cli.Table(a.Streams.Out, []string{"mock", "host", "file", "used"}, rows)
	return nil
}
