package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
	"flint/internal/console"
	"flint/internal/memory"
)

func (a root) dev() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev [DIR]",
		Short: "Run the Workers of a project",
		Long:  "Run the Workers of DIR (default: the current directory), which holds a flint.toml or a Wrangler file.",
		Args:  cli.AtMostOne,
		RunE:  a.runDev,
	}
	f := cmd.Flags()
	f.String("ip", "127.0.0.1", "address of the Worker's port")
	f.Int("port", 8787, "the Worker's port (0 = any free port)")
	f.Int("control-port", 8788, "control API and Cloudflare's REST API (0 = any free port)")
	f.Int("s3-port", 8789, "R2's S3 API (0 = any free port)")
	f.Int("inspector-port", 0, "V8 inspector for the debugger (0 = off)")
	f.Bool("ephemeral", false, "keep no state: a temporary directory, removed at the end")
	f.Int("isolates", 1, "workerd processes that run a Worker without Durable Objects")
	f.Bool("no-watch", false, "do not reload when files are saved")
	f.Bool("no-install", false, "never run npm")
	f.String("log-format", "pretty", "pretty, or json: one object a line on standard output")
	return cmd
}

func (a root) runDev(cmd *cobra.Command, args []string) error {
	dir := "."
	if len(args) == 1 {
		dir = args[0]
	}
	p, err := a.Load(dir, cmd.Flags())
	if err != nil {
		return err
	}
	out := console.NewBatch(a.Streams.Out)
	defer out.Close()
	log := a.logger(p, out)
	for _, w := range p.Warnings {
		log.Warn(w)
	}
	e, err := a.newEmulator(cmd.Context(), p, dir, cmd, log)
	if err != nil {
		return err
	}
	if err := e.Start(cmd.Context()); err != nil {
		return err
	}
	memory.Watch(cmd.Context())
	log.Info("stopping")
	return e.Close()
}

func (a root) newEmulator(ctx context.Context, p *config.Project, dir string, cmd *cobra.Command, log *slog.Logger) (*emulator.Emulator, error) {
	opts := []emulator.Option{
		emulator.WithLog(log),
		emulator.WithLoad(func() (*config.Project, error) { return a.Load(dir, cmd.Flags()) }),
	}
	a.installPolyfills(ctx, p)
	e, err := emulator.New(ctx, p, opts...)
	if errors.Is(err, emulator.ErrNoRuntime) && p.Settings.Install {
		if err := a.installRuntime(ctx); err != nil {
			return nil, err
		}
		e, err = emulator.New(ctx, p, opts...)
	}
	return e, err
}

// logger prints events on out in the form that the project asks for.
func (a root) logger(p *config.Project, out io.Writer) *slog.Logger {
	return slog.New(console.New(out, console.Options{
		JSON: p.Settings.LogFormat == "json", Color: a.Streams.Terminal, Printers: printers,
	}))
}

// printers are the events that a person sees in a form of their own.
var printers = map[string]console.Printer{
	emulator.EventReady:      printReady,
	emulator.EventRequest:    printRequest,
	emulator.EventConsole:    printConsole,
	emulator.EventException:  printException,
	emulator.EventReloaded:   printReloaded,
	emulator.EventBuildError: printBuildError,
}

func printReady(b *bytes.Buffer, c console.Palette, f map[string]slog.Value) {
	fmt.Fprintf(b, "%sready%s in %v ms at %s%v%s  %scontrol %v  S3 %v%s\n", c.Green, c.Reset, f["ms"],
		c.Bold, f["url"], c.Reset, c.Dim, f["control"], f["s3"], c.Reset)
	commands, _ := f["try"].Any().([]string)
	for i, command := range commands {
		label := "   "
		if i == 0 {
			label = "try"
		}
		fmt.Fprintf(b, "%s%s%s  %s\n", c.Dim, label, c.Reset, command)
	}
}

func printRequest(b *bytes.Buffer, c console.Palette, f map[string]slog.Value) {
	color := c.Green
	switch status := f["status"].Int64(); {
	case status >= 500:
		color = c.Red
	case status >= 400:
		color = c.Yellow
	}
	fmt.Fprintf(b, "%s%v%s %v %s%v%s %s%.1f ms%s\n", c.Bold, f["method"], c.Reset, f["path"], color, f["status"], c.Reset,
		c.Dim, float64(f["duration"].Duration().Microseconds())/1000, c.Reset)
}

func printConsole(b *bytes.Buffer, c console.Palette, f map[string]slog.Value) {
	color := ""
	switch f["console"].String() {
	case "error":
		color = c.Red
	case "warn":
		color = c.Yellow
	case "debug":
		color = c.Dim
	}
	fmt.Fprintf(b, "%s%v%s\n", color, f["message"], c.Reset)
}

func printException(b *bytes.Buffer, c console.Palette, f map[string]slog.Value) {
	fmt.Fprintf(b, "%sUncaught exception in %v%s\n%v\n", c.Red, f["handler"], c.Reset, traceOr(f["stack"], f["message"]))
}

func traceOr(stack, message slog.Value) string {
	if s := stack.String(); s != "" {
		return s
	}
	return message.String()
}

func printReloaded(b *bytes.Buffer, c console.Palette, f map[string]slog.Value) {
	fmt.Fprintf(b, "%sreloaded%s in %v ms\n", c.Green, c.Reset, f["ms"])
}

func printBuildError(b *bytes.Buffer, c console.Palette, f map[string]slog.Value) {
	fmt.Fprintf(b, "%sbuild failed%s\n%s\n", c.Red, c.Reset, strings.TrimRight(f["text"].String(), "\n"))
}
