package d1

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

func (a commands) d1TimeTravel() *cobra.Command {
	return cli.NewGroup("time-travel", "The past of a database: the last 30 days", a.d1TimeTravelInfo(), a.d1TimeTravelRestore())
}

const timestampHelp = "a Unix time (seconds) or an RFC3339 time, for example 2023-07-13T08:46:42.228Z, within the last 30 days"

func (a commands) d1TimeTravelInfo() *cobra.Command {
	var timestamp string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info DB [--timestamp TIME]",
		Short: "Print the bookmark of a database, now or at a time",
		Args:  cli.Exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				found, err := bookmarkAt(cmd, c, db, timestamp)
				if err != nil || asJSON {
					return a.orJSON(found, err)
				}
				a.Printf("🚧 Time Traveling...")
				if timestamp != "" {
					a.Printf("⚠️ Timestamp '%s' corresponds with bookmark '%s'", timestamp, found.Bookmark)
				} else {
					a.Printf("⚠️ The current bookmark is '%s'", found.Bookmark)
				}
				a.Printf("⚡️ To restore to this specific bookmark, run:\n `flint d1 time-travel restore %s --bookmark=%s`", args[0], found.Bookmark)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&timestamp, "timestamp", "", timestampHelp)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cli.LocalFlags(cmd)
}

// bookmarkAnswer is what the API says of a moment, or of now.
type bookmarkAnswer struct {
	Bookmark string `json:"bookmark"`
}

// restoreAnswer is what the API says of a restore.
type restoreAnswer struct {
	Bookmark string `json:"bookmark"`
	Previous string `json:"previous_bookmark"`
	Message  string `json:"message"`
}

func bookmarkAt(cmd *cobra.Command, c *emulator.Client, db config.D1Database, timestamp string) (found bookmarkAnswer, err error) {
	query := ""
	if timestamp != "" {
		query = "?" + url.Values{"timestamp": {timestamp}}.Encode()
	}
	path := "/d1/database" + emulator.Path(db.ID) + "/time_travel/bookmark" + query
	_, err = c.Call(cmd.Context(), http.MethodGet, path, nil, &found)
	return found, err
}

func (a commands) d1TimeTravelRestore() *cobra.Command {
	var timestamp, bookmark string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "restore DB (--bookmark BOOKMARK | --timestamp TIME)",
		Short: "Restore a database to what it was",
		Args:  cli.Exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case timestamp != "" && bookmark != "":
				return cli.Usagef("Cannot use --timestamp and --bookmark together. Provide only one: --timestamp to restore to a point in time, or --bookmark to restore to a specific bookmark.")
			case timestamp == "" && bookmark == "":
				return cli.Usagef("Missing required option --timestamp or --bookmark. Provide --timestamp to restore to a point in time (e.g. --timestamp=2023-07-13T08:46:42.228Z), or --bookmark to restore to a specific bookmark.")
			}
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				if timestamp != "" {
					found, err := bookmarkAt(cmd, c, db, timestamp)
					if err != nil {
						return err
					}
					bookmark = found.Bookmark
				}
				if !asJSON {
					a.Printf("🚧 Restoring database %s from bookmark %s\n", args[0], bookmark)
					a.Printf("⚡️ Time travel in progress...")
				}
				var done restoreAnswer
				path := "/d1/database" + emulator.Path(db.ID) + "/time_travel/restore?" + url.Values{"bookmark": {bookmark}}.Encode()
				if _, err := c.Call(cmd.Context(), http.MethodPost, path, nil, &done); err != nil || asJSON {
					return a.orJSON(done, err)
				}
				a.Printf("✅ Database %s restored back to bookmark %s\n", args[0], done.Bookmark)
				a.Printf("↩️ To undo this operation, you can restore to the previous bookmark: %s", done.Previous)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&timestamp, "timestamp", "", timestampHelp)
	f.StringVar(&bookmark, "bookmark", "", "the bookmark to restore")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cli.LocalFlags(cmd)
}

// orJSON prints v, unless there is an error.
func (a commands) orJSON(v any, err error) error {
	if err != nil {
		return err
	}
	return a.PrintJSON(v)
}
