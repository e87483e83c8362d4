package d1

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

const d1Databases = "/d1/database"

// listDatabases gives the databases as the REST API shows them.
func listDatabases(cmd *cobra.Command, c *emulator.Client) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	for page := 1; ; page++ {
		var some []json.RawMessage
		query := url.Values{"per_page": {"100"}, "page": {fmt.Sprint(page)}}
		if _, err := c.Call(cmd.Context(), http.MethodGet, d1Databases+"?"+query.Encode(), nil, &some); err != nil {
			return nil, err
		}
		if all = append(all, some...); len(some) < 100 {
			return all, nil
		}
	}
}

func (a commands) d1List() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the databases",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) error {
				all, err := listDatabases(cmd, c)
				switch {
				case err != nil:
					return err
				case asJSON:
					return a.PrintJSON(all)
				case len(all) == 0:
					a.Printf("There are no D1 databases: [[d1_databases]] in the Wrangler file makes one.")
					return nil
				}
				return tableOf(a.Streams.Out, all, "")
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cli.LocalFlags(cmd)
}

// databaseInfo is what `d1 info --json` prints, as Wrangler has it. Figures of the
// last day are not among it: flint counts none.
type databaseInfo struct {
	UUID            string  `json:"uuid"`
	Name            string  `json:"name"`
	CreatedAt       string  `json:"created_at"`
	NumTables       int64   `json:"num_tables"`
	Jurisdiction    *string `json:"jurisdiction"`
	RunningInRegion string  `json:"running_in_region"`
	ReadReplication struct {
		Mode string `json:"mode"`
	} `json:"read_replication"`
	Size int64 `json:"database_size"`
}

func (a commands) d1Info() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info DB",
		Short: "Print how large a database is, and what else is known of it",
		Args:  cli.Exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				var found struct {
					databaseInfo
					FileSize int64 `json:"file_size"`
				}
				if _, err := c.Call(cmd.Context(), http.MethodGet, d1Databases+emulator.Path(db.ID), nil, &found); err != nil {
					return err
				}
				info := found.databaseInfo
				info.Size = found.FileSize
				if asJSON {
					return a.PrintJSON(info)
				}
				cli.Table(a.Streams.Out, []string{db.Binding, info.UUID}, [][]string{
					{"name", info.Name}, {"created_at", info.CreatedAt}, {"num_tables", fmt.Sprint(info.NumTables)},
					{"running_in_region", info.RunningInRegion}, {"database_size", cli.PrettyBytes(info.Size)},
					{"read_replication.mode", info.ReadReplication.Mode},
				})
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cli.LocalFlags(cmd)
}
