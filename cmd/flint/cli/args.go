package cli

import "github.com/spf13/cobra"

// NoArgs refuses arguments and names an unknown command as such.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return Usagef("unknown command %q for %q; see `%s --help`", args[0], cmd.CommandPath(), cmd.CommandPath())
}

// group is a command that only has subcommands.
func NewGroup(use, short string, sub ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(sub...)
	return cmd
}

// Exactly asks for named arguments.
func Exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return Usagef("%s needs %s; see `%s --help`", cmd.CommandPath(), names[len(args)], cmd.CommandPath())
		}
		if len(args) > len(names) {
			return Usagef("%s: unexpected argument %q", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}

// OneOrTwo asks for a named argument and lets one more follow.
func OneOrTwo(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 2 {
			return Usagef("%s: unexpected argument %q", cmd.CommandPath(), args[2])
		}
		return Exactly(name)(cmd, args[:min(len(args), 1)])
	}
}

// AtMostOne lets one argument be left out.
func AtMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return Usagef("%s: unexpected argument %q", cmd.CommandPath(), args[1])
	}
	return nil
}

// NotYet is a command of Wrangler's, or of flint's plan, that is not served.
func NotYet(use string) *cobra.Command {
	return &cobra.Command{Use: use, Hidden: true, DisableFlagParsing: true, RunE: func(cmd *cobra.Command, _ []string) error {
		return Usagef("%s is not served yet", cmd.CommandPath())
	}}
}

// LocalFlags accepts what Wrangler's users type: everything is local here.
func LocalFlags(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().Bool("local", true, "always so: flint never connects to Cloudflare")
	cmd.Flags().Bool("remote", false, "refused: flint never connects to Cloudflare")
	cmd.Flags().BoolP("yes", "y", false, "do not ask (flint never asks)")
	for _, name := range []string{"local", "yes"} {
		_ = cmd.Flags().MarkHidden(name) // fails only for a flag that is not there
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if remote, _ := cmd.Flags().GetBool("remote"); remote {
			return Usagef("--remote: flint never connects to Cloudflare; use wrangler for that")
		}
		return run(cmd, args)
	}
	return cmd
}
