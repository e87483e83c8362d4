package d1

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

// executeFlags are the flags of d1 execute.
type executeFlags struct {
	command, file string
	asJSON        bool
}

func (a commands) d1Execute() *cobra.Command {
	var o executeFlags
	cmd := &cobra.Command{
		Use:   "execute DB (--command SQL | --file FILE)",
		Short: "Run SQL and print the results",
		Args:  cli.Exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := a.execute(cmd, args[0], o)
			if err == nil || !o.asJSON {
				return err
			}
			return errors.Join(&cli.ShownError{Err: err}, a.PrintJSON(map[string]any{"error": map[string]string{"text": cli.Sentence(err)}}))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.command, "command", "", "the SQL: one statement or several")
	f.StringVarP(&o.file, "file", "f", "", "a file of SQL statements of any size, run as one transaction")
	f.BoolVar(&o.asJSON, "json", false, "print the results as JSON")
	return cli.LocalFlags(cmd)
}

func (a commands) execute(cmd *cobra.Command, name string, o executeFlags) error {
	switch {
	case o.command != "" && o.file != "":
		return cli.Usagef("Error: can't provide both --command and --file.")
	case o.command == "" && o.file == "":
		return cli.Usagef(`Missing required option --command or --file. Provide a SQL command inline with --command="<SQL>", or a path to a SQL file with --file=<path>.`)
	}
	var file *cli.Source
	if o.file != "" {
		var err error
		if file, err = a.openScript(o.file); err != nil {
			return err
		}
		defer file.Close()
	}
	p, err := a.Load(".", cmd.Flags())
	if err != nil {
		return err
	}
	return a.onDatabase(cmd, name, func(c *emulator.Client, db config.D1Database) error {
		if !o.asJSON {
			fmt.Fprintf(a.Streams.Out, "🌀 Executing on local database %s (%s) from %s:\n", db.Name, db.ID, filepath.Join(p.Settings.State, "d1"))
		}
		out := &results{a: a.App, tables: a.Streams.Terminal && !o.asJSON}
		defer out.text.Close()
		if file != nil {
			err = a.executeFile(cmd, c, db, file, out)
		} else {
			err = a.executeCommand(cmd, c, db, o.command, out)
		}
		if err != nil {
			return err
		}
		if !o.asJSON {
			plural := "s"
			if out.count == 1 {
				plural = ""
			}
			fmt.Fprintf(a.Streams.Out, "🚣 %d command%s executed successfully.\n", out.count, plural)
		}
		return out.print()
	})
}

// openScript opens a file of SQL text.
func (a commands) openScript(name string) (*cli.Source, error) {
	file, err := a.OpenSource(name)
	if err != nil {
		return nil, cli.Usagef("Unable to read SQL text file %q. Please check the file path and try again. (%w)", name, errors.Unwrap(errors.Unwrap(err)))
	}
	const magic = "SQLite format 3"
	head := make([]byte, len(magic))
	n, err := io.ReadFull(file.Reader, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), file.Close())
	}
	if string(head) == magic {
		return nil, errors.Join(cli.Usagef("Provided file is a binary SQLite database file instead of an SQL text file. The execute command can only process SQL text files. Please export an SQL file from your SQLite database and try again."), file.Close())
	}
	file.Reader = io.MultiReader(bytes.NewReader(head[:n]), file.Reader)
	return file, nil
}

func (a commands) executeCommand(cmd *cobra.Command, c *emulator.Client, db config.D1Database, sql string, out *results) error {
	var all []json.RawMessage
	if _, err := c.Call(cmd.Context(), http.MethodPost, "/d1/database"+emulator.Path(db.ID)+"/query", map[string]any{"sql": sql}, &all); err != nil {
		return err
	}
	for _, raw := range all {
		if err := out.add(raw); err != nil {
			return err
		}
	}
	return nil
}

func (a commands) executeFile(cmd *cobra.Command, c *emulator.Client, db config.D1Database, file *cli.Source, out *results) error {
	defer a.ProgressDone()
	return a.Stream(cmd, c, "/d1/database"+emulator.Path(db.ID)+"/_flint/execute", file, func(name string, value json.RawMessage) error {
		if name != "result" {
			return nil
		}
		if out.count%2000 == 0 {
			a.Progress(file, "executing", 0)
		}
		return out.add(value)
	})
}

// results are the results of statements as Wrangler prints them: tables on a
// terminal, else a JSON array. Nothing is printed before all have run.
type results struct {
	a      *cli.App
	tables bool
	count  int
	text   cli.Spool
	buf    bytes.Buffer
}

// statementResult is a result in the order of Wrangler's members.
type statementResult struct {
	Results []json.RawMessage `json:"results"`
	Success bool              `json:"success"`
	Meta    json.RawMessage   `json:"meta"`
}

func (r *results) add(raw json.RawMessage) error {
	var s statementResult
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	r.count++
	if r.tables {
		return r.table(s.Results)
	}
	r.buf.Reset()
	if r.count == 1 {
		r.buf.WriteString("[\n  ")
	} else {
		r.buf.WriteString(",\n  ")
	}
	for i, row := range s.Results {
		var err error
		if s.Results[i], err = bytesAsText(row); err != nil {
			return err
		}
	}
	var flat bytes.Buffer
	enc := json.NewEncoder(&flat)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return err
	}
	if err := json.Indent(&r.buf, bytes.TrimSpace(flat.Bytes()), "  ", "  "); err != nil {
		return err
	}
	_, err := r.text.Write(r.buf.Bytes())
	return err
}

func (r *results) print() error {
	if !r.tables {
		if _, err := r.text.Write([]byte("\n]\n")); err != nil {
			return err
		}
	}
	return r.text.CopyTo(r.a.Streams.Out)
}

// bytesAsText writes BLOBs, which are arrays of numbers, as Wrangler does: as
// a text "[1, 2]".
func bytesAsText(row json.RawMessage) (json.RawMessage, error) {
	if bytes.IndexByte(row, '[') < 0 {
		return row, nil
	}
	columns, err := cli.ColumnsOf(row)
	if err != nil {
		return nil, err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(row, &values); err != nil {
		return nil, err
	}
	out := []byte{'{'}
	for i, c := range columns {
		key, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		value := values[c]
		if value[0] == '[' {
			value = []byte(`"` + strings.ReplaceAll(string(value), ",", ", ") + `"`)
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

func (r *results) table(rows []json.RawMessage) error {
	if len(rows) == 0 {
		return nil
	}
	return tableOf(&r.text, rows, "null")
}

// tableOf prints objects that have the same keys, one a row; null is how JSON's
// null is shown.
func tableOf(w io.Writer, objects []json.RawMessage, null string) error {
	columns, err := cli.ColumnsOf(objects[0])
	if err != nil {
		return err
	}
	cells := make([][]string, len(objects))
	for i, raw := range objects {
		var row map[string]json.RawMessage
		if err := json.Unmarshal(raw, &row); err != nil {
			return err
		}
		for _, c := range columns {
			cells[i] = append(cells[i], cell(row[c], null))
		}
	}
	cli.Table(w, columns, cells)
	return nil
}

// cell shows strings without their quotes.
func cell(raw json.RawMessage, null string) string {
	var s string
	switch {
	case string(raw) == "null":
		return null
	case json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}
