package kv

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/internal/cferr"
)

// maxLine is the longest line of an export, in bytes: the largest value, with
// every byte escaped.
const maxLine = 160 << 20

// exported is one line of an export. Wrangler's bulk files have the same fields.
type exported struct {
	Key        string          `json:"key"`
	Value      string          `json:"value"`
	Base64     bool            `json:"base64,omitempty"` // the value is bytes that are no text
	Expiration int64           `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

func (a commands) kvExport() *cobra.Command {
	var n namespaceFlags
	var output string
	cmd := n.command(&cobra.Command{
		Use:   "export [--output FILE]",
		Short: "Write all keys, values, metadata and expirations of a namespace as JSON lines",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onNamespace(cmd, &n, func(s *space) error {
				if output == "" {
					_, err := a.exportTo(cmd, s, a.Streams.Out)
					return err
				}
				return a.exportFile(cmd, s, output)
			})
		},
	})
	cmd.Flags().StringVarP(&output, "output", "o", "", "the file to write (default: standard output)")
	return cmd
}

// exportFile leaves no half file behind.
func (a commands) exportFile(cmd *cobra.Command, s *space, output string) error {
	f, err := os.Create(output)
	if err != nil {
		return cli.Usagef("--output: cannot write %s: %w", output, cli.WithoutPath(err))
	}
	count, err := a.exportTo(cmd, s, f)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(output)
		return err
	}
	a.Printf("Exported %d keys to %s.", count, output)
	return nil
}

func (a commands) exportTo(cmd *cobra.Command, s *space, out io.Writer) (count int, err error) {
	w := bufio.NewWriterSize(out, 64<<10)
	p := &cli.Progress{App: a.App}
	defer p.Done()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	query := url.Values{"limit": {fmt.Sprint(bulkGets)}}
	err = eachPage(cmd, s.Client, s.base+"/keys", query, func(page []struct{ Name string }) error {
		keys := make([]string, len(page))
		for i := range page {
			keys[i] = page[i].Name
		}
		if len(keys) == 0 {
			return nil
		}
		found, err := getBulk(cmd, s, keys)
		if err != nil {
			return err
		}
		for _, key := range keys {
			e := found[key]
			if e == nil || e.Value == nil { // it went away meanwhile
				continue
			}
			line, err := exportLine(cmd, s, key, e)
			if err == nil {
				err = enc.Encode(line)
			}
			if err != nil {
				return err
			}
			count++
		}
		p.Show(count, 0)
		return nil
	})
	return count, errors.Join(err, w.Flush())
}

// exportLine asks again for a value that may be no text: in JSON what is no text
// was replaced.
func exportLine(cmd *cobra.Command, s *space, key string, e *kvFound) (exported, error) {
	line := exported{Key: key, Value: *e.Value, Expiration: e.Expiration}
	if !bytes.Equal(e.Metadata, []byte("null")) {
		line.Metadata = e.Metadata
	}
	if !strings.ContainsRune(line.Value, '\uFFFD') {
		return line, nil
	}
	res, err := s.Do(cmd.Context(), http.MethodGet, s.value(key), nil, nil)
	if err != nil {
		return line, err
	}
	defer res.Body.Close()
	value, err := io.ReadAll(res.Body)
	line.Value, line.Base64 = base64.StdEncoding.EncodeToString(value), true
	return line, err
}

func (a commands) kvImport() *cobra.Command {
	var n namespaceFlags
	return n.command(&cobra.Command{
		Use:   "import [FILE]",
		Short: "Write the entries of an export into a namespace, from a file or standard input",
		Args:  cli.AtMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, in, size := "standard input", a.Streams.In, int64(0)
			if len(args) == 1 {
				file, err := cli.OpenJSON(args[0])
				if err != nil {
					return err
				}
				f, err := os.Open(args[0])
				if err != nil {
					return cli.FileError(err)
				}
				defer f.Close()
				name, in, size = args[0], f, file.Size
			}
			return a.onNamespace(cmd, &n, func(s *space) error { return a.importFrom(cmd, s, name, in, size) })
		},
	})
}

func (a commands) importFrom(cmd *cobra.Command, s *space, name string, in io.Reader, size int64) error {
	up := newUpload(cmd, s, &cli.Progress{App: a.App, Total: size})
	expired := 0
	up.accept = func(err error) bool {
		if !isExpired(err) {
			return false
		}
		expired++
		return true
	}
	err := importLines(name, in, up)
	up.progress.Done()
	if err != nil {
		return err
	}
	a.Printf("Imported %d keys.", up.sent)
	if expired > 0 {
		a.Printf("%d more have expired, or will within a minute, and were left out.", expired)
	}
	return nil
}

// isExpired says that an entry was refused because its time is over.
func isExpired(err error) bool {
	var e *cferr.Error
	return errors.As(err, &e) && strings.Contains(e.Message, "Invalid expiration of ")
}

func importLines(name string, in io.Reader, up *upload) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	var read int64
	for number := 1; lines.Scan(); number++ {
		read += int64(len(lines.Bytes())) + 1
		raw := bytes.TrimSpace(lines.Bytes())
		if len(raw) == 0 {
			continue
		}
		if number == 1 && raw[0] == '[' {
			return cli.Usagef("%s holds a JSON array, not JSON lines; import it with `flint kv bulk put`", name)
		}
		err := CheckPair(raw)
		if err == nil {
			place := func() string { return fmt.Sprintf("%s:%d", name, number) }
			err = up.add(cli.Item{Raw: bytes.Clone(raw), Index: number - 1, At: read, Place: place})
		} else {
			err = cli.Usagef("%s:%d: %w", name, number, err)
		}
		if err != nil {
			return errors.Join(err, up.flush())
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return up.flush()
}
