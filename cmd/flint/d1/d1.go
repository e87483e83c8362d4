package d1

import (
	"errors"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

// commands are the commands of this group.
type commands struct{ *cli.App }

// newD1 makes the command with its subcommands.
func New(a *cli.App) *cobra.Command { return commands{a}.top() }

func (a commands) top() *cobra.Command {
	return cli.NewGroup("d1", "D1 databases",
		a.d1Execute(),
		cli.NewGroup("migrations", "Schema migrations", a.d1MigrationsApply(), a.d1MigrationsList(), a.d1MigrationsCreate()),
		a.d1Export(), a.d1Import(), a.d1TimeTravel(), a.d1Backup(), a.d1List(), a.d1Info(), cli.NotYet("create"), cli.NotYet("delete"), cli.NotYet("insights"))
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
	return config.D1Database{}, cli.Usagef("no D1 database is called %q; the project binds: %s", name, cli.JoinOr(known, "none"))
}

// onDatabase runs f on the database that name means.
func (a commands) onDatabase(cmd *cobra.Command, name string, f func(c *emulator.Client, db config.D1Database) error) (err error) {
	p, err := a.Load(".", cmd.Flags())
	if err != nil {
		return err
	}
	db, err := findDatabase(p, name)
	if err != nil {
		return err
	}
	c, err := emulator.Connect(cmd.Context(), p, a.Quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return f(c, db)
}
