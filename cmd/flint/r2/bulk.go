package r2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"flint/cmd/flint/cli"
)

// Uploads and downloads under way at once.
const (
	defaultConcurrency = 20 // Wrangler's
	maxConcurrency     = 100
)

func concurrencyFlag(cmd *cobra.Command, n *int) {
	cmd.Flags().IntVar(n, "concurrency", defaultConcurrency, "how many objects are on the way at once")
}

func checkConcurrency(n int) error {
	if n < 1 || n > maxConcurrency {
		return cli.Usagef("--concurrency: %d is not from 1 to %d", n, maxConcurrency)
	}
	return nil
}

// bulkEntry is an item of Wrangler's file: a key, and the file with its content.
type bulkEntry struct {
	Key  string `json:"key"`
	File string `json:"file"`
}

func (a commands) r2BulkPut() *cobra.Command {
	var filename string
	var concurrency int
	var content contentFlags
	cmd := &cobra.Command{
		Use:   "put BUCKET --filename FILE",
		Short: "Write the objects of a JSON file: [{\"key\":…,\"file\":…}]",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if filename == "" {
				return cli.Usagef("--filename is missing: a JSON file with [{\"key\":…,\"file\":…}]")
			}
			if err := checkConcurrency(concurrency); err != nil {
				return err
			}
			header, err := content.header(cmd.Flags())
			if err != nil {
				return err
			}
			file, count, err := openBulk(filename)
			if err != nil {
				return err
			}
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				a.Printf("Starting bulk upload of %d objects to bucket %s%s using a concurrency of %d", count, b.name, withClass(content.storageClass), concurrency)
				return a.bulkPut(cmd.Context(), b, file, count, concurrency, &r2Upload{app: &cli.App{}, header: header})
			})
		},
	}
	cmd.Flags().StringVarP(&filename, "filename", "f", "", "the JSON file with keys and files")
	concurrencyFlag(cmd, &concurrency)
	content.add(cmd.Flags())
	return r2Flags(cmd)
}

// openBulk looks at the whole file first: a broken one changes nothing.
func openBulk(name string) (file *cli.JSONFile, count int, err error) {
	if file, err = cli.OpenJSON(name); err != nil {
		return nil, 0, err
	}
	err = file.Each(func(i cli.Item) error {
		count++
		return cli.WrongItem(i, checkBulkEntry(i.Raw))
	})
	return file, count, err
}

func checkBulkEntry(raw []byte) error {
	var e bulkEntry
	var wrong *json.UnmarshalTypeError
	switch err := json.Unmarshal(raw, &e); {
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%q must be a string, not a %s", wrong.Field, wrong.Value)
	case err != nil:
		return fmt.Errorf(`every item must be an object with "key" and "file", not %s`, cli.Excerpt(raw))
	case e.Key == "":
		return errors.New(`"key" is missing`)
	case e.File == "":
		return errors.New(`"file" is missing`)
	}
	info, err := os.Stat(e.File)
	switch {
	case err != nil:
		return fmt.Errorf("cannot read %s: %w", e.File, cli.WithoutPath(err))
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", e.File)
	}
	return nil
}

func (a commands) bulkPut(ctx context.Context, b *bucket, file *cli.JSONFile, count, concurrency int, up *r2Upload) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	p := &cli.Progress{App: a.App, Total: file.Size}
	defer p.Done()
	var done atomic.Int64
	err := file.Each(func(i cli.Item) error {
		var e bulkEntry
		if err := errors.Join(ctx.Err(), json.Unmarshal(i.Raw, &e)); err != nil {
			return err
		}
		p.Show(int(done.Load()), i.At)
		group.Go(func() error {
			if err := up.sendFile(ctx, b, e.Key, e.File); err != nil {
				return fmt.Errorf("%s: %s", e.File, cli.Sentence(noBucket(err, b.name)))
			}
			done.Add(1)
			return nil
		})
		return nil
	})
	if failed := group.Wait(); failed != nil {
		return fmt.Errorf("%s (%d of %d are uploaded)", cli.Sentence(failed), done.Load(), count)
	}
	if err != nil {
		return err
	}
	p.Done()
	a.Printf("Uploaded 100%% (%s out of %s)", thousands(done.Load()), thousands(int64(count)))
	return nil
}

// sendFile puts one file.
func (u *r2Upload) sendFile(ctx context.Context, b *bucket, key, name string) error {
	src, err := cli.OpenFile(name)
	if err != nil {
		return err
	}
	defer src.Close()
	return u.send(ctx, b, key, src)
}
