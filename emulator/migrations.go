package emulator

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"flint/config"
	"flint/d1"
	"flint/internal/clock"
)

// ApplyMigrations brings every D1 database of the project that has a folder of
// migrations up to date. Databases without one are left alone.
func (e *Emulator) ApplyMigrations(ctx context.Context) error {
	for i := range e.project.Workers {
		for _, cfg := range e.project.Workers[i].D1 {
			if _, err := os.Stat(cfg.MigrationsDir); err != nil {
				continue
			}
			db, err := e.services.d1.Database(cfg.ID)
			if err != nil {
				return err
			}
			if _, err := migrations(cfg).Apply(ctx, db, nil); err != nil {
				return fmt.Errorf("D1 database %s: %w", cfg.Name, err)
			}
		}
	}
	return nil
}

func migrations(cfg config.D1Database) d1.Migrations {
	return d1.Migrations{Dir: cfg.MigrationsDir, Pattern: cfg.MigrationsPattern, Table: cfg.MigrationsTable}
}

// MigrationError says which migration failed, and at which statement.
type MigrationError = d1.MigrationError

// CreateMigration makes an empty file for the next migration and returns its path.
func CreateMigration(cfg config.D1Database, message string) (string, error) {
	return migrations(cfg).Create(message, clock.New().Now())
}

// ApplyMigrations applies what is pending and tells each name once it is.
func (c *Client) ApplyMigrations(ctx context.Context, cfg config.D1Database, each func(name string)) error {
	_, err := migrations(cfg).Apply(ctx, restRunner{c, cfg.ID}, each)
	return err
}

// PendingMigrations names the migrations that are not applied, in their order.
func (c *Client) PendingMigrations(ctx context.Context, cfg config.D1Database) ([]string, error) {
	all, err := migrations(cfg).List(ctx, restRunner{c, cfg.ID})
	if err != nil {
		return nil, err
	}
	var pending []string
	for _, m := range all {
		if !m.Applied {
			pending = append(pending, m.Name)
		}
	}
	return pending, nil
}

// restRunner runs SQL over the REST API.
type restRunner struct {
	client *Client
	id     string
}

// Run implements d1.Runner.
func (r restRunner) Run(ctx context.Context, sql string, params ...any) ([]d1.Result, error) {
	var answers []struct {
		Results struct {
			Columns []string
			Rows    [][]any
		}
	}
	body := map[string]any{"sql": sql}
	if len(params) > 0 {
		body["params"] = params
	}
	if _, err := r.client.Call(ctx, http.MethodPost, "/d1/database"+Path(r.id)+"/raw", body, &answers); err != nil {
		return nil, err
	}
	out := make([]d1.Result, len(answers))
	for i, a := range answers {
		out[i] = d1.Result{Columns: a.Results.Columns, Rows: a.Results.Rows}
	}
	return out, nil
}
