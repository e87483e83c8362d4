package ai

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// printStream prints the text of an event stream as it comes.
func (a commands) printStream(body io.Reader) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var event struct {
			Response string
			Choices  []struct{ Delta struct{ Content string } }
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return fmt.Errorf("an event of the stream is not JSON: %w", err)
		}
		text := event.Response
		if len(event.Choices) > 0 {
			text += event.Choices[0].Delta.Content
		}
		if _, err := io.WriteString(a.Streams.Out, text); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.Streams.Out)
	return lines.Err()
}

// query joins names and values that are not empty.
func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v.Encode()
}
