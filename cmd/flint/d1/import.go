package d1

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
	"flint/internal/clock"
)

// importFlags are the flags of d1 import.
type importFlags struct {
	table, format, delimiter string
	create, resume, restart  bool
	deferKeys                bool
	batch                    int
	mapping                  []string
}

func (a commands) d1Import() *cobra.Command {
	var o importFlags
	cmd := &cobra.Command{
		Use:   "import DB FILE",
		Short: "Import SQL, CSV or JSON in batches; an interrupted import can be resumed",
		Args:  cli.Exactly("a database", "a file (- for the standard input)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := o.query(args[1])
			if err != nil {
				return err
			}
			file, err := a.OpenSource(args[1])
			if err != nil {
				return err
			}
			defer file.Close()
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				return a.importFile(cmd, c, "/d1/database"+emulator.Path(db.ID)+"/_flint/import?"+q.Encode(), file)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.table, "table", "", "the table of CSV and JSON (default the file's name without its ending)")
	f.StringVar(&o.format, "format", "", "sql, csv or json (default by the file's ending)")
	f.StringVar(&o.delimiter, "delimiter", "", "what stands between the fields of CSV (default a comma, for .tsv a tab)")
	f.BoolVar(&o.create, "create", false, "make the table, with types after the first 1000 rows")
	f.IntVar(&o.batch, "batch", 0, "rows, or statements of SQL, in one transaction (default 250000)")
	f.BoolVar(&o.resume, "resume", false, "go on where an import into the same table stopped")
	f.BoolVar(&o.restart, "restart", false, "forget such an import and begin again")
	f.BoolVar(&o.deferKeys, "defer-foreign-keys", false, "let rows refer to rows that come later in the file")
	f.StringArrayVar(&o.mapping, "map", nil, "NAME=COLUMN: the column for a name of the file; NAME= leaves it out (repeatable)")
	return cli.LocalFlags(cmd)
}

// formats are the forms of file by their endings.
var formats = map[string]string{".sql": "sql", ".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json"}

// query is what the service is asked for.
func (o *importFlags) query(file string) (url.Values, error) {
	base := filepath.Base(file)
	ending := strings.ToLower(filepath.Ext(base))
	format := o.format
	if format == "" {
		format = formats[ending]
	}
	switch {
	case format == "":
		return nil, cli.Usagef("the name %s does not say what is in the file: add --format sql, csv or json", base)
	case format != "sql" && format != "csv" && format != "json":
		return nil, cli.Usagef("--format %s: want sql, csv or json", format)
	case format == "sql" && (o.table != "" || o.create || len(o.mapping) > 0):
		return nil, cli.Usagef("--table, --create and --map are for CSV and JSON; the statements of SQL name their tables")
	case o.resume && o.restart:
		return nil, cli.Usagef("--resume and --restart exclude each other")
	case o.resume && file == "-":
		return nil, cli.Usagef("--resume reads the file from its beginning, and the standard input has none: give the file's name")
	case o.batch < 0:
		return nil, cli.Usagef("--batch: want a number of rows from 1")
	}
	q := url.Values{"format": {format}, "source": {file}}
	if format != "sql" {
		table := o.table
		if table == "" && file == "-" {
			return nil, cli.Usagef("say which table: --table NAME")
		}
		if table == "" {
			table = strings.TrimSuffix(base, filepath.Ext(base))
		}
		q.Set("table", table)
	}
	if ending == ".tsv" && o.delimiter == "" {
		q.Set("comma", "\t")
	} else if o.delimiter != "" {
		q.Set("comma", o.delimiter)
	}
	if o.batch > 0 {
		q.Set("batch", strconv.Itoa(o.batch))
	}
	for name, on := range map[string]bool{"create": o.create, "resume": o.resume, "restart": o.restart, "defer": o.deferKeys} {
		if on {
			q.Set(name, "1")
		}
	}
	return q, o.addMapping(q)
}

func (o *importFlags) addMapping(q url.Values) error {
	names := map[string]string{}
	for _, m := range o.mapping {
		from, to, ok := strings.Cut(m, "=")
		if !ok || from == "" {
			return cli.Usagef("--map %s: want NAME=COLUMN, or NAME= to leave it out", m)
		}
		names[from] = to
	}
	if len(names) == 0 {
		return nil
	}
	data, err := json.Marshal(names)
	q.Set("map", string(data))
	return err
}

// importFile sends the file, and lets the note of the import be removed once
// the user has been told that it is done.
func (a commands) importFile(cmd *cobra.Command, c *emulator.Client, path string, file *cli.Source) error {
	watch := clock.StartStopwatch()
	var p struct{ Rows, Skipped int64 }
	err := a.Stream(cmd, c, path, file, func(_ string, value json.RawMessage) error {
		err := json.Unmarshal(value, &p)
		a.Progress(file, "importing", p.Rows)
		return err
	})
	a.ProgressDone()
	if err != nil {
		return err
	}
	took := watch.Elapsed().Seconds()
	now := p.Rows - p.Skipped
	switch {
	case p.Skipped > 0 && now == 0:
		fmt.Fprintf(a.Streams.Out, "%s was imported already: %d rows\n", file.Name, p.Rows)
	case p.Skipped > 0:
		fmt.Fprintf(a.Streams.Out, "imported %d rows of %s in %.2f s (%.0f rows/s) behind the %d that were there\n", now, file.Name, took, float64(now)/took, p.Skipped)
	default:
		fmt.Fprintf(a.Streams.Out, "imported %d rows of %s in %.2f s (%.0f rows/s)\n", now, file.Name, took, float64(now)/took)
	}
	_, err = c.Call(cmd.Context(), http.MethodDelete, path, nil, nil)
	return err
}
