package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
)

// miniflareHost is one Node.js process (peer/serve.mjs) with an instance of
// Miniflare for each case that runs.
type miniflareHost struct {
	cmd  *exec.Cmd
	gone chan struct{}
	logs *tailBuffer

	mu      sync.Mutex
	in      io.WriteCloser
	waiting map[string]chan reply
}

type request struct {
	ID      string   `json:"id"`
	Configs []string `json:"configs,omitempty"` // Wrangler files; the first Worker has the port
	Stop    bool     `json:"stop,omitempty"`
}

type reply struct{ ID, URL, Error string }

// host starts the process the first time.
func (p *Peer) host() (*miniflareHost, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.miniflare != nil {
		return p.miniflare, nil
	}
	h := &miniflareHost{
		cmd:  p.node(p.dir, filepath.Join(p.dir, "serve.mjs")),
		gone: make(chan struct{}), logs: &tailBuffer{}, waiting: map[string]chan reply{},
	}
	in, err := h.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	h.in, h.cmd.Stderr = in, h.logs
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	go h.read(out)
	p.miniflare = h
	return h, nil
}

func (h *miniflareHost) read(out io.Reader) {
	defer close(h.gone)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r reply
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // what a library prints
		}
		h.mu.Lock()
		if c := h.waiting[r.ID]; c != nil {
			c <- r
		}
		h.mu.Unlock()
	}
	_ = h.cmd.Wait() // its end is what was waited for
}

func (h *miniflareHost) call(ctx context.Context, r request) (string, error) {
	c := make(chan reply, 1)
	line, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	h.waiting[r.ID] = c
	_, err = h.in.Write(append(line, '\n'))
	h.mu.Unlock()
	if err != nil {
		return "", fmt.Errorf("the Miniflare process: %w\n%s", err, h.logs)
	}
	select {
	case a := <-c:
		if a.Error != "" {
			return "", fmt.Errorf("miniflare: %s", a.Error)
		}
		return a.URL, nil
	case <-h.gone:
		return "", fmt.Errorf("the Miniflare process ended\n%s", h.logs)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (h *miniflareHost) close() {
	_ = h.in.Close() // it disposes of what runs and ends
	endGroup(h.cmd, h.gone)
}

// tailBuffer keeps the last part of what is written.
type tailBuffer struct {
	mu sync.Mutex
	b  []byte
}

// Write implements io.Writer.
func (t *tailBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 16<<10; over > 0 {
		t.b = bytes.Clone(t.b[over:])
	}
	return len(p), nil
}

// String is what was kept.
func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
