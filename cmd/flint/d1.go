package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"flint/emulator"
	"flint/emulator/config"
)

func (a *app) d1() *cobra.Command {
	return group("d1", "D1 databases",
		a.d1Execute(),
		group("migrations", "Schema migrations", a.d1MigrationsApply(), a.d1MigrationsList(), notYet("create")),
		notYet("export"), notYet("import"), a.d1TimeTravel(), a.d1Backup(), notYet("create"), notYet("list"), notYet("info"), notYet("delete"))
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

// statementResult is one element of what Wrangler prints with --json.
type statementResult struct {
	Results []json.RawMessage `json:"results"`
	Success bool              `json:"success"`
	Meta    map[string]any    `json:"meta"`
}

func (a *app) d1Execute() *cobra.Command {
	var command, file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "execute DB (--command SQL | --file FILE)",
		Short: "Run SQL and print the results",
		Args:  exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sql, err := sqlOf(command, file)
			if err != nil {
				return err
			}
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				var results []statementResult
				path := "/d1/database" + emulator.Path(db.ID) + "/query"
				if _, err := c.Call(cmd.Context(), http.MethodPost, path, map[string]any{"sql": sql}, &results); err != nil {
					return err
				}
				if asJSON {
					return a.printJSON(results)
				}
				return a.printResults(results)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&command, "command", "", "the SQL")
	f.StringVar(&file, "file", "", "a file of SQL statements, run as one transaction")
	f.BoolVar(&asJSON, "json", false, "print the results as JSON")
	return localFlags(cmd)
}

func sqlOf(command, file string) (string, error) {
	switch {
	case (command == "") == (file == ""):
		return "", usagef("say what to run: --command SQL or --file FILE")
	case command != "":
		return command, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fileError(fmt.Errorf("--file: %w", err))
	}
	return string(data), nil
}

func (a *app) printResults(results []statementResult) error {
	for _, r := range results {
		if len(r.Results) == 0 {
			fmt.Fprintf(a.std.Out, "%v row(s) changed, %v ms\n", r.Meta["changes"], r.Meta["duration"])
			continue
		}
		columns, err := columnsOf(r.Results[0])
		if err != nil {
			return err
		}
		rows := make([][]string, len(r.Results))
		for i, raw := range r.Results {
			var row map[string]json.RawMessage
			if err := json.Unmarshal(raw, &row); err != nil {
				return err
			}
			for _, c := range columns {
				rows[i] = append(rows[i], cell(row[c]))
			}
		}
		table(a.std.Out, columns, rows)
	}
	return nil
}

// cell shows strings without their quotes.
func cell(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil && string(raw) != "null" {
		return s
	}
	return string(raw)
}

func (a *app) d1MigrationsApply() *cobra.Command {
	return localFlags(&cobra.Command{
		Use:   "apply DB",
		Short: "Apply the migrations that have not been applied",
		Args:  exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				count := 0
				err := c.ApplyMigrations(cmd.Context(), db, func(name string) {
					count++
					fmt.Fprintf(a.std.Out, "applied %s\n", name)
				})
				if err == nil && count == 0 {
					fmt.Fprintln(a.std.Out, "no migrations to apply")
				}
				return err
			})
		},
	})
}

func (a *app) d1MigrationsList() *cobra.Command {
	return localFlags(&cobra.Command{
		Use:   "list DB",
		Short: "List the migrations that have not been applied",
		Args:  exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				pending, err := c.PendingMigrations(cmd.Context(), db)
				if err != nil {
					return err
				}
				if len(pending) == 0 {
					fmt.Fprintln(a.std.Out, "no migrations to apply")
				}
				for _, name := range pending {
					fmt.Fprintln(a.std.Out, name)
				}
				return nil
			})
		},
	})
}
