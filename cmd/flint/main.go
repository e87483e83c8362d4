// Command flint is a local Cloudflare: it runs Workers on the real workerd and
// emulates the services behind their bindings.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"flint/emulator"
	"flint/internal/cferr"
	"flint/internal/console"
)

// Exit codes, which scripts rely on.
const (
	exitFailure = 1
	exitUsage   = 2 // usage or configuration
)

func main() { os.Exit(run(os.Args[1:], console.Std())) }

// run executes one command and returns the exit code.
func run(args []string, std console.Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot(std)
	root.SetArgs(joinSwitches(args))
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var shown *shownError
	if !errors.As(err, &shown) {
		fmt.Fprintln(std.Err, "flint: "+sentence(err))
	}
	var usage *usageError
	var config *emulator.ConfigError
	if errors.As(err, &usage) || errors.As(err, &config) {
		return exitUsage
	}
	return exitFailure
}

// sentence is the message without the code that REST clients get.
func sentence(err error) string {
	var e *cferr.Error
	if errors.As(err, &e) && err.Error() == e.Error() {
		return e.Message
	}
	return err.Error()
}

// usageError is a mistake in the command line or the configuration.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// shownError was printed already, in the form that the user asked for.
type shownError struct{ err error }

func (e *shownError) Error() string { return e.err.Error() }
func (e *shownError) Unwrap() error { return e.err }
