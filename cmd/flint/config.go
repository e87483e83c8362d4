package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/emulator"
)

func (a root) config() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "config [DIR]",
		Short: "Print the typed configuration and the workerd configuration made from it",
		Args:  cli.AtMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return a.runConfig(cmd, dir, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object with both")
	return cmd
}

func (a root) runConfig(cmd *cobra.Command, dir string, asJSON bool) error {
	p, err := a.Load(dir, cmd.Flags())
	if err != nil {
		return err
	}
	text, err := emulator.WorkerdConfig(cmd.Context(), p)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(a.Streams.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if asJSON {
		return enc.Encode(map[string]any{"project": p.Redacted(), "workerd": text})
	}
	fmt.Fprintln(a.Streams.Out, "# project")
	if err := enc.Encode(p.Redacted()); err != nil {
		return err
	}
	for _, w := range p.Warnings {
		fmt.Fprintln(a.Streams.Err, "warning "+w)
	}
	_, err = fmt.Fprintf(a.Streams.Out, "\n# workerd\n%s", text)
	return err
}
