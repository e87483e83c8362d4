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

// miniflareHost is a Node.js process (peer/serve.mjs) with an instance of Miniflare for
// each running case.
type miniflareHost struct {
	cmd    *exec.Cmd
	exited chan struct{}
	logs   *tailBuffer

	mu      sync.Mutex
	in      io.WriteCloser
	pending map[string]chan hostReply
}

type hostRequest struct {
	ID      string   `json:"id"`
	Configs []string `json:"configs,omitempty"` // Wrangler files; the first Worker has the port
	Stop    bool     `json:"stop,omitempty"`
}

type hostReply struct{ ID, URL, Error string }

// startedHost returns the process, which it starts the first time.
func (p *Peer) startedHost() (*miniflareHost, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.miniflare != nil {
		return p.miniflare, nil
	}
	h := &miniflareHost{
		cmd:    p.node(p.dir, filepath.Join(p.dir, "serve.mjs")),
		exited: make(chan struct{}), logs: &tailBuffer{}, pending: map[string]chan hostReply{},
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
	go h.readReplies(out)
	p.miniflare = h
	return h, nil
}

func (h *miniflareHost) readReplies(out io.Reader) {
	defer close(h.exited)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r hostReply
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // output of a library
		}
		h.mu.Lock()
		if c := h.pending[r.ID]; c != nil {
			c <- r
		}
		h.mu.Unlock()
	}
	_ = h.cmd.Wait() // its exit status does not matter
}

func (h *miniflareHost) request(ctx context.Context, r hostRequest) (string, error) {
	c := make(chan hostReply, 1)
	line, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	h.pending[r.ID] = c
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
	case <-h.exited:
		return "", fmt.Errorf("the Miniflare process ended\n%s", h.logs)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (h *miniflareHost) close() {
	_ = h.in.Close() // the process then disposes of its instances and ends
	terminateGroup(h.cmd, h.exited)
}

// tailBuffer keeps the last 16 KiB that were written.
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

// String returns what was kept.
func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
