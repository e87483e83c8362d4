package workerd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startTimeout = 30 * time.Second // a huge Worker on a loaded machine; workerd itself needs 30 ms
	stopTimeout  = 3 * time.Second  // from SIGTERM to SIGKILL
	maxLogLine   = 1 << 20          // a longer line of output is cut
)

// Line is one line that workerd or the Worker printed.
type Line struct {
	Level   string // log, debug, info, warn, error
	Message string
	System  bool // from workerd itself, not from console.*
}

// ProcessOptions say what to run.
type ProcessOptions struct {
	Binary        Binary
	ConfigFile    string
	Sockets       int    // how many sockets must listen before Start returns
	InspectorAddr string // host:port, empty = off
	Log           func(Line)
}

// Process is a running workerd.
type Process struct {
	cmd     *exec.Cmd
	exited  chan struct{}
	err     error
	readers sync.WaitGroup

	mu          sync.Mutex
	startErrors []string // what it complained about, for the error of a failed start
}

// Start runs workerd and returns when all its sockets listen. The error of a
// Worker that does not start holds what workerd said.
//
// The child dies with this process, however that ends (see startBound).
func Start(ctx context.Context, opt ProcessOptions) (*Process, error) {
	controlR, controlW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer controlR.Close()
	args := []string{"serve", opt.ConfigFile, "--experimental", "--control-fd=3"}
	if opt.InspectorAddr != "" {
		args = append(args, "--inspector-addr="+opt.InspectorAddr)
	}
	cmd := exec.Command(opt.Binary.Path, args...)
	cmd.Env = childEnv()
	cmd.ExtraFiles = []*os.File{controlW}
	p := &Process{cmd: cmd, exited: make(chan struct{})}
	err = p.launch(opt.Log)
	controlW.Close()
	if err != nil {
		return nil, fmt.Errorf("start workerd %s: %w", opt.Binary.Path, err)
	}
	if err := p.awaitReady(ctx, controlR, opt.Sockets); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// perCPUCaches leaves the kernel's restartable sequences to workerd's allocator.
// glibc takes them otherwise, and TCMalloc goes without its per-CPU caches.
// https://google.github.io/tcmalloc/rseq.html
const perCPUCaches = "GLIBC_TUNABLES=glibc.pthread.rseq=0"

// childEnv hands down only what a program needs to run: the Worker must not
// see the developer's environment.
func childEnv() []string {
	env := []string{perCPUCaches}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func (p *Process) launch(log func(Line)) error {
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return err
	}
	started := make(chan error)
	go func() {
		// Linux ends the child when the thread that started it ends, so that
		// thread is kept until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		release, err := startBound(p.cmd)
		started <- err
		if err != nil {
			return
		}
		p.readers.Wait() // Wait closes the pipes: everything must be read first
		p.err = p.cmd.Wait()
		release()
		close(p.exited)
	}()
	p.readers.Add(2)
	go p.read(stdout, log)
	go p.read(stderr, log)
	return <-started
}

func (p *Process) read(r io.Reader, log func(Line)) {
	defer p.readers.Done()
	br := bufio.NewReaderSize(r, 64<<10)
	for {
		raw, err := readLine(br)
		if len(raw) > 0 {
			line := parseLine(raw)
			p.note(line)
			if log != nil {
				log(line)
			}
		}
		if err != nil {
			return
		}
	}
}

// readLine reads to the end of the line and keeps at most maxLogLine of it.
func readLine(br *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if room := maxLogLine - len(line); room > 0 {
			line = append(line, part[:min(len(part), room)]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimRight(line, "\r\n"), err
		}
	}
}

// parseLine reads a line of structured logging. workerd's own lines carry a
// source; whatever is not JSON (a crash, an assertion) is workerd's too.
func parseLine(raw []byte) Line {
	var l struct{ Level, Message, Source string }
	if raw[0] != '{' || json.Unmarshal(raw, &l) != nil || l.Level == "" {
		return Line{Level: "error", Message: string(raw), System: true}
	}
	return Line{Level: l.Level, Message: l.Message, System: l.Source != ""}
}

func (p *Process) note(l Line) {
	if !l.System || l.Level == "warn" || l.Level == "info" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.startErrors) < 20 {
		p.startErrors = append(p.startErrors, l.Message)
	}
}

// awaitReady reads the control pipe until every socket listens.
func (p *Process) awaitReady(ctx context.Context, control *os.File, sockets int) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { control.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	scanner := bufio.NewScanner(control)
	for listening := 0; listening < sockets; {
		if !scanner.Scan() {
			return p.startError(ctx)
		}
		var event struct{ Event string }
		if json.Unmarshal(scanner.Bytes(), &event) == nil && event.Event == "listen" {
			listening++
		}
	}
	return nil
}

func (p *Process) startError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("workerd did not start within %s", startTimeout)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	<-p.exited // the control pipe was closed: it is going down
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.startErrors) == 0 {
		return fmt.Errorf("workerd stopped while starting: %s", p.exitReason())
	}
	return &StartError{Lines: append([]string(nil), p.startErrors...)}
}

// StartError is what workerd said about a configuration or a Worker that does
// not start, message by message.
type StartError struct{ Lines []string }

// Error implements error.
func (e *StartError) Error() string {
	return "the Worker does not start:\n" + strings.Join(e.Lines, "\n")
}

// Exited is closed when the process has gone and all its output was handed on.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// ExitReason says how it ended, once Exited is closed.
func (p *Process) ExitReason() string {
	<-p.exited
	return p.exitReason()
}

func (p *Process) exitReason() string {
	if p.err == nil {
		return "exit status 0"
	}
	return p.err.Error()
}

// PID is the operating system's id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop asks the process to end, makes it after three seconds, and waits.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // gone already: Exited tells
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	select {
	case <-p.exited:
	case <-ctx.Done():
		p.Kill()
	}
}

// Kill ends the process at once and waits until it is gone. Durable Object
// storage is SQLite: it survives.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// ResidentBytes is the resident memory of a process; 0 where the system does
// not tell.
func ResidentBytes(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
