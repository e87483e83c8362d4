package r2

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/emulator"
)

// Sizes of uploads. https://developers.cloudflare.com/r2/platform/limits/
const (
	maxSinglePut = 5<<30 - 5<<20 // bytes of one put
	defaultPart  = 64 << 20      // bytes of a part, unless the object needs larger ones
	minPart      = 5 << 20
	maxParts     = 10_000
)

func (a commands) r2Put() *cobra.Command {
	var file string
	var part int64
	var content contentFlags
	cmd := &cobra.Command{
		Use:   "put BUCKET/KEY (--file FILE | --pipe)",
		Short: "Write an object from a file or standard input",
		Args:  cli.Exactly("BUCKET/KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			pipe, _ := cmd.Flags().GetBool("pipe")
			if pipe == (file != "") {
				return cli.Usagef("say where the object comes from: --file FILE or --pipe")
			}
			header, err := content.header(cmd.Flags())
			if err != nil {
				return err
			}
			up := &r2Upload{app: a.App, header: header, part: part << 20}
			if err := up.check(cmd); err != nil {
				return err
			}
			if pipe {
				file = "-"
			}
			src, err := a.OpenSource(file)
			if err != nil {
				return err
			}
			defer src.Close()
			return a.onObject(cmd, args[0], func(b *bucket, key string) error {
				a.Printf("Creating object %q%s in bucket %q.", key, withClass(content.storageClass), b.name)
				if err := up.send(cmd.Context(), b, key, src); err != nil {
					return err
				}
				a.Printf("Upload complete.")
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "the file to upload")
	f.BoolP("pipe", "p", false, "read standard input")
	f.Int64Var(&part, "part-size", 0, "MiB of a part: upload in parts, as is done with files of 5 GiB and more")
	content.add(f)
	return r2Flags(cmd)
}

func withClass(class string) string {
	if class == "" {
		return ""
	}
	return " with " + class + " storage class"
}

// r2Upload puts objects.
type r2Upload struct {
	app    *cli.App
	header http.Header
	part   int64 // bytes of a part; 0: as few parts as it takes
}

func (u *r2Upload) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("part-size") && (u.part < minPart || u.part > maxSinglePut) {
		return cli.Usagef("--part-size: a part has %d to %d MiB", minPart>>20, maxSinglePut>>20)
	}
	return nil
}

// send puts what src holds: in one request or, what is too large for that, in
// parts.
func (u *r2Upload) send(ctx context.Context, b *bucket, key string, src *cli.Source) error {
	w := u.app.Watch(src, "uploading "+src.Name)
	defer w.End()
	if src.Bytes > maxSinglePut || u.part > 0 {
		return u.sendParts(ctx, b, key, w)
	}
	res, err := b.Do(ctx, http.MethodPut, b.object(key), w, expecting(u.header, src.Bytes))
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// expecting lets the server refuse a large body before it is sent.
func expecting(h http.Header, size int64) http.Header {
	if size <= 64<<10 {
		return h
	}
	h = h.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Expect", "100-continue")
	return h
}

type r2Part struct {
	Part int    `json:"part"`
	ETag string `json:"etag"`
}

func (u *r2Upload) sendParts(ctx context.Context, b *bucket, key string, w *cli.Watched) (err error) {
	base := b.path("_flint", "multipart", key)
	var made struct {
		ID string `json:"upload_id"`
	}
	res, err := b.Do(ctx, http.MethodPost, base, nil, u.header)
	if err == nil {
		_, err = emulator.Result(res, &made)
	}
	if err != nil {
		return err
	}
	base += "?" + url.Values{"upload_id": {made.ID}}.Encode()
	parts, err := u.eachPart(ctx, b, base, w)
	if err == nil {
		_, err = b.Call(ctx, http.MethodPost, base, parts, nil)
	}
	if err != nil { // also when the user gave up: the parts go, not only at their end of life
		_, aborted := b.Call(context.WithoutCancel(ctx), http.MethodDelete, base, nil, nil)
		err = errors.Join(err, aborted)
	}
	return err
}

func (u *r2Upload) eachPart(ctx context.Context, b *bucket, base string, w *cli.Watched) (parts []r2Part, err error) {
	size := partSize(w.Bytes, u.part)
	content := bufio.NewReaderSize(w, 64<<10)
	for {
		if _, err := content.Peek(1); err != nil && len(parts) > 0 {
			return parts, unlessEOF(err)
		}
		if len(parts) == maxParts {
			return nil, fmt.Errorf("%s has more than %d parts of %d MiB", w.Name, maxParts, size>>20)
		}
		var body io.Reader = io.LimitReader(content, size)
		if left := w.Bytes - int64(len(parts))*size; left > 0 {
			body = sized{body, min(left, size)}
		}
		var p r2Part
		res, err := b.Do(ctx, http.MethodPut, base+"&part="+strconv.Itoa(len(parts)+1), body, nil)
		if err == nil {
			_, err = emulator.Result(res, &p)
		}
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
}

func unlessEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// sized is a body of a known length.
type sized struct {
	io.Reader
	n int64
}

// Size is the length in bytes.
func (s sized) Size() int64 { return s.n }

// partSize is how large parts are, for an object of total bytes; asked is 0
// for the default.
func partSize(total, asked int64) int64 {
	least := (total + maxParts - 1) / maxParts
	least = (least + 1<<20 - 1) >> 20 << 20 // whole MiB
	if asked == 0 {
		asked = defaultPart
	}
	return max(asked, least)
}
