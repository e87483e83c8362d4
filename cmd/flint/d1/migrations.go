package d1

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

func (a commands) d1MigrationsApply() *cobra.Command {
	return cli.LocalFlags(&cobra.Command{
		Use:   "apply DB",
		Short: "Apply the migrations that have not been applied, each as one transaction",
		Args:  cli.Exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				pending, err := a.pendingMigrations(cmd, c, db, "name")
				if err != nil || len(pending) == 0 {
					return err
				}
				done := map[string]string{}
				err = c.ApplyMigrations(cmd.Context(), db, func(name string) { done[name] = "✅" })
				var failed *emulator.MigrationError
				if errors.As(err, &failed) {
					done[failed.File] = "❌"
				}
				rows := make([][]string, len(pending))
				for i, name := range pending {
					rows[i] = []string{name, done[name]}
					if done[name] == "" {
						rows[i][1] = "🕒️"
					}
				}
				cli.Table(a.Streams.Out, []string{"name", "status"}, rows)
				return err
			})
		},
	})
}

func (a commands) d1MigrationsList() *cobra.Command {
	return cli.LocalFlags(&cobra.Command{
		Use:   "list DB",
		Short: "List the migrations that have not been applied",
		Args:  cli.Exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				_, err := a.pendingMigrations(cmd, c, db, "Name")
				return err
			})
		},
	})
}

// pendingMigrations prints what is not applied, under Wrangler's header.
func (a commands) pendingMigrations(cmd *cobra.Command, c *emulator.Client, db config.D1Database, header string) ([]string, error) {
	pending, err := c.PendingMigrations(cmd.Context(), db)
	if err != nil {
		return nil, err
	}
	if len(pending) == 0 {
		fmt.Fprintln(a.Streams.Out, "✅ No migrations to apply!")
		return nil, nil
	}
	rows := make([][]string, len(pending))
	for i, name := range pending {
		rows[i] = []string{name}
	}
	fmt.Fprintln(a.Streams.Out, "Migrations to be applied:")
	cli.Table(a.Streams.Out, []string{header}, rows)
	return pending, nil
}

func (a commands) d1MigrationsCreate() *cobra.Command {
	return cli.LocalFlags(&cobra.Command{
		Use:   "create DB MESSAGE",
		Short: "Make an empty file for the next migration",
		Args:  cli.Exactly("a database", "a message, which becomes the file's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.Load(".", cmd.Flags())
			if err != nil {
				return err
			}
			db, err := findDatabase(p, args[0])
			if err != nil {
				return err
			}
			if strings.ContainsAny(args[1], `/\`) {
				return cli.Usagef("The migration name %q contains a path separator (\"/\" or \"\\\"). Please remove this and try again.", args[1])
			}
			path, err := emulator.CreateMigration(db, args[1])
			if err != nil {
				return err
			}
			name := path[strings.LastIndexByte(path, '/')+1:]
			fmt.Fprintf(a.Streams.Out, "✅ Successfully created Migration '%s'!\n\nThe migration is available for editing here\n%s\n", name, path)
			return nil
		},
	})
}
