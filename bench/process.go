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

// process is a running side: a process tree or, for a limit, workerd with its Go part in
// the bench's own process.
type process struct {
	url, control string
	pid          int  // the root of the process tree
	inProcess    bool // the bench's own processor time counts as the side's
	stopFunc     func()
	client       *http.Client
}

// newProcess returns the process that answers at url.
func newProcess(url string, pid int, end func()) *process {
	return &process{url: strings.TrimSuffix(url, "/"), pid: pid, stopFunc: end, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxIdleConns: 64},
	}}
}

func (p *process) stop() {
	p.client.CloseIdleConnections()
	p.stopFunc()
}

// cpu returns the processor time that all processes of the side have used so far, and
// the part of it that was Go code and not workerd or Node.js.
func (p *process) cpu() (total, goPart time.Duration) {
	u := usageOf(p.pid)
	if p.inProcess {
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

// letters is a reader of endless text.
type letters struct{}

// Read implements io.Reader.
func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// get returns the body of a response, without the quotes of a JSON string.
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

// want is get that checks the body.
func (p *process) want(ctx context.Context, path, want string) error {
	got, err := p.get(ctx, path)
	if err == nil && got != want {
		err = fmt.Errorf("%s answered %.300q, not %q", path, got, want)
	}
	return err
}

// launch starts a program and waits until ready finds its address in a line of its
// output. The program leads a process group, so that none of its processes outlives it.
func launch(ctx context.Context, cmd *exec.Cmd, ready func(line string) (url, control string)) (*process, error) {
	out, in, err := os.Pipe() // a pipe of the system, into which the program writes directly
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
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }() // its exit status does not matter
	found, output := make(chan [2]string, 1), make(chan string, 1)
	go func() { output <- watchOutput(out, ready, found); out.Close() }()
	stop := sync.OnceFunc(func() { terminate(cmd, exited) })
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case address := <-found:
		p := newProcess(address[0], cmd.Process.Pid, stop)
		p.control = address[1]
		return p, nil
	case <-exited:
		stop() // processes that it left behind keep the pipe open
		return nil, fmt.Errorf("%s ended before it was ready:\n%s", cmd, <-output)
	case <-ctx.Done():
		stop()
		return nil, fmt.Errorf("%s did not become ready: %w\n%s", cmd, ctx.Err(), <-output)
	}
}

// watchOutput reads the output to its end and returns the part up to the line with the
// address, which it sends to found.
func watchOutput(out io.Reader, ready func(string) (string, string), found chan<- [2]string) string {
	var output strings.Builder
	lines := bufio.NewReader(out)
	for waiting := true; waiting; {
		line, err := lines.ReadString('\n')
		output.WriteString(line)
		if url, control := ready(line); url != "" {
			found <- [2]string{url, control}
			waiting = false
		}
		waiting = waiting && err == nil
	}
	_, _ = io.Copy(io.Discard, lines) // the program must never block on a full pipe
	return output.String()
}

// terminate sends SIGTERM to a program and kills its process group after 8 s.
func terminate(cmd *exec.Cmd, gone <-chan struct{}) {
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have exited already
	grace, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	select {
	case <-gone:
	case <-grace.Done():
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // also kills what the leader has left behind
	<-gone
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}
