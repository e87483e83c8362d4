package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"flint/emulator"
)

func (a *app) config() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "config [DIR]",
		Short: "Print the typed configuration and the workerd configuration made from it",
		Args:  atMostOne,
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

func (a *app) runConfig(cmd *cobra.Command, dir string, asJSON bool) error {
	p, err := a.load(dir, cmd.Flags())
	if err != nil {
		return err
	}
	text, err := emulator.WorkerdConfig(cmd.Context(), p)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(a.std.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if asJSON {
		return enc.Encode(map[string]any{"project": p.Redacted(), "workerd": text})
	}
	fmt.Fprintln(a.std.Out, "# project")
	if err := enc.Encode(p.Redacted()); err != nil {
		return err
	}
	for _, w := range p.Warnings {
		fmt.Fprintln(a.std.Err, "warning "+w)
	}
	_, err = fmt.Fprintf(a.std.Out, "\n# workerd\n%s", text)
	return err
}
