package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a running side: a program of its own, or a limit, whose Go half
// runs in the bench.
type process struct {
	url, control string
	pid          int  // root of the process tree
	inside       bool // the bench's own CPU is a part of it
	end          func()
	client       *http.Client
}

// newProcess describes what answers at url.
func newProcess(url string, pid int, end func()) *process {
	return &process{url: strings.TrimSuffix(url, "/"), pid: pid, end: end, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxIdleConns: 64},
	}}
}

func (p *process) stop() {
	p.client.CloseIdleConnections()
	p.end()
}

// cpu is what all processes of the side have used so far, and the part of it
// that workerd or Node.js did not: Go's.
func (p *process) cpu() (total, inGo time.Duration) {
	u := usageOf(p.pid)
	if p.inside {
		return u.cpu + ownCPU(), ownCPU()
	}
	return u.cpu, u.root.cpu
}

// do sends a request with a body of n bytes.
func (p *process) do(ctx context.Context, method, path string, n int) (*http.Response, error) {
	var body io.Reader
	if n > 0 {
		body = io.LimitReader(letters{}, int64(n))
	}
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = int64(n)
	return p.client.Do(req)
}

// letters is an endless text.
type letters struct{}

// Read implements io.Reader.
func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// get returns the body of an answer, without the quotes of a JSON string.
func (p *process) get(ctx context.Context, path string) (string, error) {
	res, err := p.do(ctx, http.MethodGet, path, 0)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	text := strings.Trim(string(body), `"`)
	if res.StatusCode != http.StatusOK {
		return text, fmt.Errorf("%s answered %s: %.300s", path, res.Status, text)
	}
	return text, nil
}

// want is get for an answer that is known.
func (p *process) want(ctx context.Context, path, want string) error {
	got, err := p.get(ctx, path)
	if err == nil && got != want {
		err = fmt.Errorf("%s answered %.300q, not %q", path, got, want)
	}
	return err
}

// launch starts a program and waits until ready finds its address in a line of
// its output. The program leads a process group, so that nothing outlives it.
func launch(ctx context.Context, cmd *exec.Cmd, ready func(line string) (url, control string)) (*process, error) {
	out, in, err := os.Pipe() // the program's own: nothing of the bench stands between it and who reads
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = in, in
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	in.Close()
	if err != nil {
		out.Close()
		return nil, err
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }() // how it ends is not judged
	found, said := make(chan [2]string, 1), make(chan string, 1)
	go func() { said <- watchOutput(out, ready, found); out.Close() }()
	stop := sync.OnceFunc(func() { end(cmd, gone) })
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case at := <-found:
		p := newProcess(at[0], cmd.Process.Pid, stop)
		p.control = at[1]
		return p, nil
	case <-gone:
		stop() // what it left behind holds the pipe open
		return nil, fmt.Errorf("%s ended before it was ready:\n%s", cmd, <-said)
	case <-ctx.Done():
		stop()
		return nil, fmt.Errorf("%s did not become ready: %w\n%s", cmd, ctx.Err(), <-said)
	}
}

// watchOutput reads to the end and returns the first part of what was said.
func watchOutput(out io.Reader, ready func(string) (string, string), found chan<- [2]string) string {
	var said strings.Builder
	lines := bufio.NewReader(out)
	for waiting := true; waiting; {
		line, err := lines.ReadString('\n')
		said.WriteString(line)
		if url, control := ready(line); url != "" {
			found <- [2]string{url, control}
			waiting = false
		}
		waiting = waiting && err == nil
	}
	_, _ = io.Copy(io.Discard, lines) // the program must never wait for a reader
	return said.String()
}

// end asks a program to end, and kills its group when it does not.
func end(cmd *exec.Cmd, gone <-chan struct{}) {
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
	grace, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	select {
	case <-gone:
	case <-grace.Done():
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what the leader left behind
	<-gone
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}
