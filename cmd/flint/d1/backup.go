package d1

import (
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

func (a commands) d1Backup() *cobra.Command {
	return cli.NewGroup("backup", "Copies of a database that stay until they are deleted",
		a.d1BackupCreate(), a.d1BackupList(), a.d1BackupRestore(), a.d1BackupDownload(), a.d1BackupDelete())
}

// backupAnswer is a backup as the API describes it.
type backupAnswer struct {
	ID        string `json:"id"`
	Database  string `json:"database_id"`
	CreatedAt string `json:"created_at"`
	State     string `json:"state"`
	NumTables int64  `json:"num_tables"`
	FileSize  int64  `json:"file_size"`
}

// backupCommand is a command on one database's backups; names are its
// arguments, the database first.
func (a commands) backupCommand(use, short string, names []string, run func(cmd *cobra.Command, args []string, c *emulator.Client, path string) error) *cobra.Command {
	return cli.LocalFlags(&cobra.Command{
		Use: use, Short: short, Args: cli.Exactly(names...),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				return run(cmd, args, c, "/d1/database"+emulator.Path(db.ID)+"/backup")
			})
		},
	})
}

func (a commands) d1BackupCreate() *cobra.Command {
	var asJSON bool
	cmd := a.backupCommand("create DB", "Copy a database as it is now", []string{"a database"},
		func(cmd *cobra.Command, _ []string, c *emulator.Client, path string) error {
			var made backupAnswer
			_, err := c.Call(cmd.Context(), http.MethodPost, path, nil, &made)
			if err != nil || asJSON {
				return a.orJSON(made, err)
			}
			a.backupTable([]backupAnswer{made})
			return nil
		})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a commands) d1BackupList() *cobra.Command {
	var asJSON bool
	cmd := a.backupCommand("list DB", "List the backups of a database, the latest first", []string{"a database"},
		func(cmd *cobra.Command, _ []string, c *emulator.Client, path string) error {
			var list []backupAnswer
			_, err := c.Call(cmd.Context(), http.MethodGet, path, nil, &list)
			if err != nil || asJSON {
				return a.orJSON(list, err)
			}
			a.backupTable(list)
			return nil
		})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a commands) backupTable(list []backupAnswer) {
	rows := make([][]string, len(list))
	for i, b := range list {
		rows[i] = []string{b.CreatedAt, b.ID, strconv.FormatInt(b.NumTables, 10), cli.PrettyBytes(b.FileSize)}
	}
	cli.Table(a.Streams.Out, []string{"created_at", "id", "num_tables", "size"}, rows)
}

func (a commands) d1BackupRestore() *cobra.Command {
	var asJSON bool
	cmd := a.backupCommand("restore DB BACKUP-ID", "Restore a database from a backup", []string{"a database", "the id of a backup"},
		func(cmd *cobra.Command, args []string, c *emulator.Client, path string) error {
			if !asJSON {
				a.Printf("Restoring %s from backup %s....", args[0], args[1])
			}
			var done restoreAnswer
			_, err := c.Call(cmd.Context(), http.MethodPost, path+emulator.Path(args[1])+"/restore", nil, &done)
			if err != nil || asJSON {
				return a.orJSON(done, err)
			}
			a.Printf("Done!")
			a.Printf("↩️ To undo this operation, you can restore to the previous bookmark: %s", done.Previous)
			return nil
		})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a commands) d1BackupDownload() *cobra.Command {
	var output string
	cmd := a.backupCommand("download DB BACKUP-ID", "Write a backup to a file", []string{"a database", "the id of a backup"},
		func(cmd *cobra.Command, args []string, c *emulator.Client, path string) error {
			file := output
			if file == "" {
				file = args[0] + "." + args[1][:min(len(args[1]), 8)] + ".sqlite3"
			}
			a.Printf("🌀 Downloading backup %s from '%s'", args[1], args[0])
			res, err := c.Do(cmd.Context(), http.MethodGet, path+emulator.Path(args[1])+"/download", nil, nil)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			a.Printf("🌀 Saving to %s", file)
			if err := cli.WriteFile(file, res.Body); err != nil {
				return err
			}
			a.Printf("🌀 Done!")
			return nil
		})
	cmd.Flags().StringVarP(&output, "output", "o", "", "the file (default DB.BACKUP.sqlite3)")
	return cmd
}

func (a commands) d1BackupDelete() *cobra.Command {
	return a.backupCommand("delete DB BACKUP-ID", "Delete a backup", []string{"a database", "the id of a backup"},
		func(cmd *cobra.Command, args []string, c *emulator.Client, path string) error {
			_, err := c.Call(cmd.Context(), http.MethodDelete, path+emulator.Path(args[1]), nil, nil)
			if err == nil {
				a.Printf("Deleted backup %s of %s", args[1], args[0])
			}
			return err
		})
}
