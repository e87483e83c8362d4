package cli

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flint/config"
	"flint/emulator"
	"flint/internal/console"
)

// App is what all commands share.
type App struct {
	Streams console.Streams
	Files   []string // -c
	Env     string   // --env
}

// Load reads the project in dir.
func (a *App) Load(dir string, flags *pflag.FlagSet) (*config.Project, error) {
	p, err := config.Load(config.Options{Dir: dir, Files: a.Files, Env: a.Env, Flags: flags, Today: emulator.Today()})
	if err != nil {
		return nil, Usage(err)
	}
	return p, nil
}

// Connect loads the project in the current directory and opens its state.
func (a *App) Connect(cmd *cobra.Command) (*config.Project, *emulator.Client, error) {
	p, err := a.Load(".", cmd.Flags())
	if err != nil {
		return nil, nil, err
	}
	c, err := emulator.Connect(cmd.Context(), p, a.Quiet())
	return p, c, err
}

// Quiet logs only what is wrong, on the error stream.
func (a *App) Quiet() *slog.Logger {
	return slog.New(console.New(a.Streams.Err, console.Options{Level: slog.LevelWarn}))
}

// say prints what is being done, in Wrangler's words.
func (a *App) Printf(format string, args ...any) { fmt.Fprintf(a.Streams.Out, format+"\n", args...) }

// onProject runs f on the state of the project.
func (a *App) WithClient(cmd *cobra.Command, f func(p *config.Project, c *emulator.Client) error) (err error) {
	p, c, err := a.Connect(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return f(p, c)
}
