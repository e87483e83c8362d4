package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"flint/cmd/flint/cli"
	"flint/emulator"
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
	var shown *cli.ShownError
	if !errors.As(err, &shown) {
		fmt.Fprintln(std.Err, "flint: "+cli.Sentence(err))
	}
	var usage *cli.UsageError
	var config *emulator.ConfigError
	if errors.As(err, &usage) || errors.As(err, &config) {
		return exitUsage
	}
	return exitFailure
}
