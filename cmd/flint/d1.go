package main

import (
	"errors"

	"github.com/spf13/cobra"

	"flint/config"
	"flint/emulator"
)

func (a *app) d1() *cobra.Command {
	return group("d1", "D1 databases",
		a.d1Execute(),
		group("migrations", "Schema migrations", a.d1MigrationsApply(), a.d1MigrationsList(), a.d1MigrationsCreate()),
		a.d1Export(), a.d1Import(), a.d1TimeTravel(), a.d1Backup(), a.d1List(), a.d1Info(), notYet("create"), notYet("delete"), notYet("insights"))
}

// localFlags accepts what Wrangler's users type: everything is local here.
func localFlags(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().Bool("local", true, "always so: flint never connects to Cloudflare")
	cmd.Flags().Bool("remote", false, "refused: flint never connects to Cloudflare")
	cmd.Flags().BoolP("yes", "y", false, "do not ask (flint never asks)")
	for _, name := range []string{"local", "yes"} {
		_ = cmd.Flags().MarkHidden(name) // fails only for a flag that is not there
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if remote, _ := cmd.Flags().GetBool("remote"); remote {
			return usagef("--remote: flint never connects to Cloudflare; use wrangler for that")
		}
		return run(cmd, args)
	}
	return cmd
}

// findDatabase resolves a name, binding or id of the project; another id is
// taken as it is.
func findDatabase(p *config.Project, name string) (config.D1Database, error) {
	var known []string
	for i := range p.Workers {
		for _, d := range p.Workers[i].D1 {
			if name == d.Name || name == d.Binding || name == d.ID {
				return d, nil
			}
			known = append(known, d.Name)
		}
	}
	return config.D1Database{}, usagef("no D1 database is called %q; the project binds: %s", name, listOr(known, "none"))
}

// onDatabase runs f on the database that name means.
func (a *app) onDatabase(cmd *cobra.Command, name string, f func(c *emulator.Client, db config.D1Database) error) (err error) {
	p, err := a.load(".", cmd.Flags())
	if err != nil {
		return err
	}
	db, err := findDatabase(p, name)
	if err != nil {
		return err
	}
	c, err := emulator.Connect(cmd.Context(), p, a.quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return f(c, db)
}
