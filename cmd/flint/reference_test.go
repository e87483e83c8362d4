package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flint/internal/console"
)

var update = flag.Bool("update", false, "rewrite docs/COMMANDS.md")

const commandsFile = "../../docs/COMMANDS.md"

// TestCommandsDocument holds docs/COMMANDS.md, which says what the commands say
// of themselves.
func TestCommandsDocument(t *testing.T) {
	t.Parallel()
	want := commandsDocument(newRoot(console.Streams{}))
	if *update {
		if err := os.WriteFile(commandsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(commandsFile)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the commands say (%v): go test ./cmd/flint -run TestCommandsDocument -update", commandsFile, err)
	}
}

func commandsDocument(top *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands\n\n<!-- Written from the commands themselves: go test ./cmd/flint -run TestCommandsDocument -update -->\n\n" +
		"All but `dev`, `config` and `doctor` run in the project's folder. They talk to the running flint or, when none runs, open the state themselves.\n" +
		"`flint outbound` and `flint queues watch` need a running one. What `dev` takes as a flag is also a [setting](SETTINGS.md).\n\n")
	fmt.Fprintf(&b, "Exit codes: 0 if all went well, %d for a mistake in the command line or the configuration, %d for anything else.\n\n", exitUsage, exitFailure)
	b.WriteString("Flags of every command:\n\n")
	writeFlags(&b, top.PersistentFlags())
	for _, cmd := range inOrder(top.Commands()) {
		if cmd.IsAvailableCommand() {
			fmt.Fprintf(&b, "\n## %s\n\n%s.\n", cmd.CommandPath(), cmd.Short)
			writeCommand(&b, cmd)
		}
	}
	return b.String()
}

// writeCommand writes a command with its flags, and those below it.
func writeCommand(b *strings.Builder, cmd *cobra.Command) {
	if !cmd.HasAvailableSubCommands() {
		writeUsage(b, cmd)
		return
	}
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		if !sub.HasAvailableSubCommands() {
			fmt.Fprintf(b, "\n### %s\n\n%s.\n", sub.CommandPath(), sub.Short)
		}
		writeCommand(b, sub)
	}
}

func writeUsage(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, "\n```\n%s\n```\n", strings.TrimSuffix(cmd.UseLine(), " [flags]"))
	if cmd.Long != "" && cmd.Long != cmd.Short {
		fmt.Fprintf(b, "\n%s\n", cmd.Long)
	}
	if cmd.Example != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", strings.TrimSpace(cmd.Example))
	}
	if cmd.LocalNonPersistentFlags().HasAvailableFlags() {
		b.WriteString("\n")
		writeFlags(b, cmd.LocalNonPersistentFlags())
	}
}

func writeFlags(b *strings.Builder, flags *pflag.FlagSet) {
	b.WriteString("| Flag | Default | |\n|---|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := "`--" + f.Name
		if f.Value.Type() != "bool" {
			name += " " + placeholder(f)
		}
		name += "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		value := ""
		if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" {
			value = "`" + f.DefValue + "`"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", name, value, strings.ReplaceAll(f.Usage, "|", "\\|"))
	})
}

// inOrder puts the commands that one needs first to the front.
func inOrder(all []*cobra.Command) (out []*cobra.Command) {
	first := []string{"dev", "config", "doctor"}
	for _, name := range first {
		for _, cmd := range all {
			if cmd.Name() == name {
				out = append(out, cmd)
			}
		}
	}
	for _, cmd := range all {
		if !slices.Contains(first, cmd.Name()) {
			out = append(out, cmd)
		}
	}
	return out
}

// placeholder stands for the value of a flag.
func placeholder(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "int64", "uint", "uint64", "float64":
		return "N"
	case "duration":
		return "DURATION"
	}
	return "TEXT"
}
