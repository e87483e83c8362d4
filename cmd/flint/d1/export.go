package d1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

func (a commands) d1Export() *cobra.Command {
	var output, compatibility string
	var tables []string
	var noSchema, noData bool
	cmd := &cobra.Command{
		Use:   "export DB --output FILE",
		Short: "Write the database as SQL",
		Args:  cli.Exactly("a database"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return cli.Usagef("say where to: --output FILE (- for the standard output)")
			}
			if noSchema && noData {
				return cli.Usagef("Cannot use --no-schema and --no-data together. At least one of schema or data must be included in the export. Remove one of the flags.")
			}
			if compatibility != "d1" {
				return cli.Usagef("--compatibility %s is not served: the dump is in D1's form, which sqlite3 loads too; for a dump with virtual tables use sqlite3's .dump on the database file", compatibility)
			}
			if info, err := os.Stat(output); err == nil && info.IsDir() {
				return cli.Usagef("Please specify a file path for --output, not a directory.")
			}
			q := url.Values{"table": tables}
			if noSchema {
				q.Set("no_schema", "1")
			}
			if noData {
				q.Set("no_data", "1")
			}
			return a.onDatabase(cmd, args[0], func(c *emulator.Client, db config.D1Database) error {
				return a.export(cmd, c, db, "/d1/database"+emulator.Path(db.ID)+"/_flint/export?"+q.Encode(), output)
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "", "the file to write; - for the standard output")
	f.StringArrayVar(&tables, "table", nil, "export only this table (repeatable); an index, trigger or view is named likewise")
	f.BoolVar(&noSchema, "no-schema", false, "no CREATE statements")
	f.BoolVar(&noData, "no-data", false, "no rows")
	f.StringVar(&compatibility, "compatibility", "d1", "the form of the dump: d1")
	f.Bool("skip-confirmation", false, "do not ask (flint never asks)")
	_ = f.MarkHidden("skip-confirmation") // fails only for a flag that is not there
	return cli.LocalFlags(cmd)
}

// export writes to a file beside the wanted one and renames it at the end, so
// that half a dump never has the name of a whole one.
func (a commands) export(cmd *cobra.Command, c *emulator.Client, db config.D1Database, path, output string) error {
	res, err := c.Do(cmd.Context(), http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	long := &longStatements{}
	if output == "-" {
		_, err := io.Copy(io.MultiWriter(a.Streams.Out, long), res.Body)
		long.warn(a.Streams.Err)
		return brokenExport(err)
	}
	fmt.Fprintf(a.Streams.Out, "🌀 Exporting local database %s (%s)\n🌀 Exporting SQL to %s...\n", db.Name, db.ID, output)
	f, err := os.CreateTemp(filepath.Dir(output), filepath.Base(output)+".part-")
	if err != nil {
		return cli.Usagef("--output: cannot write %s: %w", output, cli.WithoutPath(err))
	}
	_, err = io.Copy(io.MultiWriter(f, long), res.Body)
	err = errors.Join(brokenExport(err), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), output)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	long.warn(a.Streams.Err)
	fmt.Fprintln(a.Streams.Out, "Done!")
	return nil
}

func brokenExport(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the export broke off: flint's own output says why")
	}
	return err
}

// longStatements counts lines that are longer than a statement of D1 may be.
type longStatements struct{ line, count int }

// maxStatement is D1's limit of one statement.
// https://developers.cloudflare.com/d1/platform/limits/
const maxStatement = 100_000

// Write implements io.Writer.
func (l *longStatements) Write(p []byte) (int, error) {
	for rest := p; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			l.line += len(rest)
			return len(p), nil
		}
		if l.line+i > maxStatement {
			l.count++
		}
		l.line, rest = 0, rest[i+1:]
	}
}

func (l *longStatements) warn(w io.Writer) {
	if l.count > 0 {
		fmt.Fprintf(w, "flint: %d row(s) are longer than the %d bytes that D1 takes as one statement: flint d1 import loads them, D1 does not\n", l.count, maxStatement)
	}
}
