package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flint/cmd/flint/ai"
	"flint/cmd/flint/cli"
	"flint/cmd/flint/d1"
	"flint/cmd/flint/kv"
	"flint/cmd/flint/outbound"
	"flint/cmd/flint/queues"
	"flint/cmd/flint/r2"
	"flint/internal/console"
)

// version is set by the Makefile.
var version = "dev"

// root are the commands that are no group.
type root struct{ *cli.App }

func newRoot(std console.Streams) *cobra.Command {
	a := &cli.App{Streams: std}
	top := &cobra.Command{
		Use:           "flint",
		Short:         "A local Cloudflare: Workers, D1, KV, R2, Queues and Workers AI, offline",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cli.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	top.SetIn(std.In)
	top.SetOut(std.Out)
	top.SetErr(std.Err)
	top.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return cli.Usagef("%w; see `%s --help`", plainFlagError(err), cmd.CommandPath())
	})
	flags := top.PersistentFlags()
	flags.StringArrayVarP(&a.Files, "config", "c", nil, "a Wrangler file (repeatable; the first one owns the port)")
	flags.StringVarP(&a.Env, "env", "e", "", "the environment: [env.NAME] of the Wrangler file")
	flags.String("state", "", "the state directory (default .flint beside the configuration)")
	r := root{a}
	top.AddCommand(r.dev(), r.config(), r.doctor(), d1.New(a), kv.New(a), r2.New(a), queues.New(a), ai.New(a), outbound.New(a), cli.NotYet("tail"))
	return top
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
