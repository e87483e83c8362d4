package queues

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
)

// What one request of `queues send` carries: Cloudflare's limits of a batch.
const (
	sendMessages = 100
	sendBytes    = 256_000
)

// maxMessageLine bounds a line: the largest message with spaces and escapes.
const maxMessageLine = 1 << 20

// sendFlags say how messages are sent.
type sendFlags struct {
	json, text bool
	file       string
	delay      int64
	delayed    bool // delay was given: 0 then overrides the queue's own
}

func (a commands) queuesSend() *cobra.Command {
	var s sendFlags
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "send QUEUE [MESSAGE]",
		Short: "Send MESSAGE, or each line of --file or standard input: JSON, or text with --text",
		Args:  cli.OneOrTwo("a queue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.delayed = cmd.Flags().Changed("delay")
			if err := s.check(args[1:]); err != nil {
				return err
			}
			if len(args) == 2 {
				return a.sendOne(cmd, args[0], args[1], &s)
			}
			return a.sendLines(cmd, args[0], &s)
		},
	})
	f := cmd.Flags()
	f.BoolVar(&s.json, "json", false, "messages are JSON (the default)")
	f.BoolVar(&s.text, "text", false, "messages are text, not JSON")
	f.StringVarP(&s.file, "file", "f", "", "send each line of this file; - is the standard input. Empty lines are left out")
	f.Int64Var(&s.delay, "delay", 0, "seconds until they may be delivered (0 to 86400)")
	return cmd
}

func (s *sendFlags) check(message []string) error {
	switch {
	case s.json && s.text:
		return cli.Usagef("give --json or --text, not both")
	case s.file != "" && len(message) > 0:
		return cli.Usagef("give a message or --file, not both")
	case s.delay < 0 || s.delay > 86400:
		return cli.Usagef("--delay %d: it must be between 0 and 86400 seconds", s.delay)
	}
	return nil
}

// outgoing is a message as the REST API takes it.
type outgoing struct {
	Body  json.RawMessage `json:"body"`
	Type  string          `json:"content_type"`
	Delay *int64          `json:"delay_seconds,omitempty"`
}

// message makes one of a line or an argument.
func (s *sendFlags) message(text []byte) (outgoing, error) {
	m := outgoing{Body: text, Type: "json"}
	if s.delayed {
		m.Delay = &s.delay
	}
	if s.text {
		if !utf8.Valid(text) {
			return m, errors.New("the message is not UTF-8 text")
		}
		m.Type, m.Body = "text", quote(text)
		return m, nil
	}
	var value json.RawMessage
	if err := json.Unmarshal(text, &value); err != nil {
		return m, fmt.Errorf("the message is not JSON (%w): quote it as '{\"type\":\"x\"}', or send it with --text", err)
	}
	return m, nil
}

// quote writes text as JSON and nothing in it otherwise than it is.
func quote(text []byte) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(string(text)) // a string can always be encoded
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func (a commands) sendOne(cmd *cobra.Command, queue, message string, s *sendFlags) error {
	m, err := s.message([]byte(message))
	if err != nil {
		return cli.Usage(err)
	}
	return a.onQueue(cmd, queue, func(q *openQueue) error {
		if err := q.call(cmd, http.MethodPost, "/messages", m, nil); err != nil {
			return err
		}
		a.Printf("Sent 1 message to %s.", queue)
		return nil
	})
}

// sendLines sends a file, which is looked at as a whole first, or the standard
// input, whose lines are sent as they come.
func (a commands) sendLines(cmd *cobra.Command, queue string, s *sendFlags) error {
	name := s.file
	if name == "" {
		if a.Streams.CanPrompt {
			return cli.Usagef("what to send? Give a message, --file FILE, or lines on the standard input")
		}
		name = "-"
	}
	if name != "-" {
		src, err := a.OpenSource(name)
		if err != nil {
			return err
		}
		err = s.eachLine(src, func(line) error { return nil })
		if err = errors.Join(err, src.Close()); err != nil {
			return err
		}
	}
	src, err := a.OpenSource(name)
	if err != nil {
		return err
	}
	defer src.Close()
	return a.onQueue(cmd, queue, func(q *openQueue) error {
		b := &sending{app: a.App, cmd: cmd, queue: q, source: src}
		err := s.eachLine(src, b.add)
		if flushed := b.flush(); flushed != nil {
			err = errors.Join(err, flushed)
		} else if err != nil && !b.failed { // a line that cannot be sent
			err = cli.Usagef("%w (sent before it: %s)", err, messages(b.sent))
		}
		a.ProgressDone()
		if err == nil {
			a.Printf("Sent %s to %s.", messages(b.sent), queue)
		}
		return err
	})
}

// line is a message and the number of its line.
type line struct {
	outgoing
	number int
}

// eachLine calls f for each line that is not empty.
func (s *sendFlags) eachLine(src *cli.Source, f func(line) error) error {
	lines := bufio.NewScanner(src)
	lines.Buffer(nil, maxMessageLine)
	number := 1
	for ; lines.Scan(); number++ {
		text := lines.Bytes()
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		m, err := s.message(bytes.Clone(text))
		if err != nil {
			return cli.Usagef("%s:%d: %w", src.Name, number, err)
		}
		if err := f(line{m, number}); err != nil {
			return err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return cli.Usagef("%s:%d: the line is longer than %d bytes; a message has at most 128000", src.Name, number, maxMessageLine)
	} else if err != nil {
		return fmt.Errorf("read %s: %w", src.Name, err)
	}
	return nil
}

// sending sends lines in batches.
type sending struct {
	app    *cli.App
	cmd    *cobra.Command
	queue  *openQueue
	source *cli.Source
	batch  []line
	bytes  int
	sent   int64
	failed bool
}

func (b *sending) add(l line) error {
	if len(b.batch) == sendMessages || len(b.batch) > 0 && b.bytes+len(l.Body) > sendBytes {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.batch = append(b.batch, l)
	b.bytes += len(l.Body)
	return nil
}

// flush sends what was added. After a failure nothing is sent any more.
func (b *sending) flush() error {
	if len(b.batch) == 0 || b.failed {
		return nil
	}
	bad, err := cli.SendHalving(b.batch, b.send)
	if err != nil {
		b.failed = true
		if cli.IsRefused(err) {
			err = fmt.Errorf("%s:%d: %s (sent before it: %s)", b.source.Name, b.batch[bad].number, cli.Sentence(err), messages(b.sent))
		}
		return err
	}
	b.batch, b.bytes = b.batch[:0], 0
	b.app.Progress(b.source, "sending", b.sent)
	return nil
}

func (b *sending) send(batch []line) error {
	body := struct {
		Messages []outgoing `json:"messages"`
	}{make([]outgoing, len(batch))}
	for i := range batch {
		body.Messages[i] = batch[i].outgoing
	}
	err := b.queue.call(b.cmd, http.MethodPost, "/messages/batch", body, nil)
	if err == nil {
		b.sent += int64(len(batch))
	}
	return err
}
