package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flint/config"
	"flint/emulator"
	"flint/internal/console"
)

// version is set by the Makefile.
var version = "dev"

// app is what all commands share.
type app struct {
	std   console.Streams
	files []string // -c
	env   string   // --env
}

func newRoot(std console.Streams) *cobra.Command {
	a := &app{std: std}
	root := &cobra.Command{
		Use:           "flint",
		Short:         "A local Cloudflare: Workers, D1, KV, R2, Queues and Workers AI, offline",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(std.In)
	root.SetOut(std.Out)
	root.SetErr(std.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w; see `%s --help`", plainFlagError(err), cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringArrayVarP(&a.files, "config", "c", nil, "a Wrangler file (repeatable; the first one owns the port)")
	flags.StringVarP(&a.env, "env", "e", "", "the environment: [env.NAME] of the Wrangler file")
	flags.String("state", "", "the state directory (default .flint beside the configuration)")
	root.AddCommand(a.dev(), a.config(), a.doctor(), a.d1(), a.kv(), a.r2(), a.queues(), a.ai(), a.outbound(), notYet("tail"))
	return root
}

// plainFlagError leaves out what Go says of a value that is no number, and knows
// a flag of Wrangler's that flint has by another name.
func plainFlagError(err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedName() == "persist-to" {
		return errors.New("--persist-to is Wrangler's, whose state flint does not read; --state DIR says where flint's is")
	}
	var wrong *pflag.InvalidValueError
	var number *strconv.NumError
	if !errors.As(err, &wrong) || !errors.As(err, &number) {
		return err
	}
	want := "a whole number"
	if wrong.GetFlag().Value.Type() == "bool" {
		want = "true or false"
	}
	return fmt.Errorf("--%s: found %q, want %s", wrong.GetFlag().Name, wrong.GetValue(), want)
}

// notYet is a command of Wrangler's, or of flint's plan, that is not served.
func notYet(use string) *cobra.Command {
	return &cobra.Command{Use: use, Hidden: true, DisableFlagParsing: true, RunE: func(cmd *cobra.Command, _ []string) error {
		return usagef("%s is not served yet", cmd.CommandPath())
	}}
}

// noArgs refuses arguments and names an unknown command as such.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("unknown command %q for %q; see `%s --help`", args[0], cmd.CommandPath(), cmd.CommandPath())
}

// group is a command that only has subcommands.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(sub...)
	return cmd
}

// exactly asks for named arguments.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usagef("%s needs %s; see `%s --help`", cmd.CommandPath(), names[len(args)], cmd.CommandPath())
		}
		if len(args) > len(names) {
			return usagef("%s: unexpected argument %q", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}

// oneOrTwo asks for a named argument and lets one more follow.
func oneOrTwo(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 2 {
			return usagef("%s: unexpected argument %q", cmd.CommandPath(), args[2])
		}
		return exactly(name)(cmd, args[:min(len(args), 1)])
	}
}

// atMostOne lets one argument be left out.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s: unexpected argument %q", cmd.CommandPath(), args[1])
	}
	return nil
}

// switches are the flags of Wrangler's that may be followed by true or false as
// a word of its own.
var switches = map[string]bool{"--preview": true, "--local": true, "--remote": true, "--text": true}

// joinSwitches writes --preview false as --preview=false.
func joinSwitches(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return append(out, args[i:]...)
		}
		if switches[args[i]] && i+1 < len(args) && (args[i+1] == "true" || args[i+1] == "false") {
			out = append(out, args[i]+"="+args[i+1])
			i++
			continue
		}
		out = append(out, args[i])
	}
	return out
}

// load reads the project in dir.
func (a *app) load(dir string, flags *pflag.FlagSet) (*config.Project, error) {
	p, err := config.Load(config.Options{Dir: dir, Files: a.files, Env: a.env, Flags: flags, Today: emulator.Today()})
	if err != nil {
		return nil, usage(err)
	}
	return p, nil
}

// connect loads the project in the current directory and opens its state.
func (a *app) connect(cmd *cobra.Command) (*config.Project, *emulator.Client, error) {
	p, err := a.load(".", cmd.Flags())
	if err != nil {
		return nil, nil, err
	}
	c, err := emulator.Connect(cmd.Context(), p, a.quiet())
	return p, c, err
}

// quiet logs only what is wrong, on the error stream.
func (a *app) quiet() *slog.Logger {
	return slog.New(console.New(a.std.Err, console.Options{Level: slog.LevelWarn}))
}

// fileError gives a user's file its place in the message.
func fileError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return usagef("cannot read %s: %w", p.Path, p.Err)
	}
	return err
}
