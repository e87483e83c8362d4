package r2

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"

	"flint/cmd/flint/cli"
	"flint/internal/mimetype"
)

// group runs as many things at once as the flag says, and none after one failed.
func (s *syncing) group() (*errgroup.Group, context.Context) {
	group, ctx := errgroup.WithContext(s.cmd.Context())
	group.SetLimit(s.flags.concurrency)
	return group, ctx
}

// copy brings paths to the other side.
func (s *syncing) copy(paths []string) error {
	group, ctx := s.group()
	for _, name := range paths {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			one := s.download
			if s.up {
				one = s.uploadFile
			}
			if err := one(ctx, name); err != nil {
				return fmt.Errorf("%s: %s", name, cli.Sentence(err))
			}
			return nil
		})
	}
	return group.Wait()
}

func (s *syncing) uploadFile(ctx context.Context, name string) error {
	size := s.local[name].size
	if !s.flags.dryRun {
		f, err := s.root.Open(name)
		if err != nil {
			return cli.WithoutPath(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		size = info.Size()
		up := &r2Upload{app: s.upload.app, header: typed(s.upload.header, name)}
		if err := up.send(ctx, s.bucket, s.prefix+name, &cli.Source{Reader: f, Name: name, Bytes: size, File: f}); err != nil {
			return err
		}
	}
	s.report("upload", path.Join(s.dir, name), s.remoteName(name), func(c *syncCount) { c.copied++; c.bytes += size })
	return nil
}

func (s *syncing) remoteName(name string) string { return s.ends.remote() + name }

// typed adds the content type that a name stands for, unless one was given.
func typed(h http.Header, name string) http.Header {
	t := mimetype.ByName(name)
	if t == "" || h.Get("Content-Type") != "" {
		return h
	}
	h = h.Clone()
	h.Set("Content-Type", t)
	return h
}

// download writes a file at once: until it is whole, what was there stays.
func (s *syncing) download(ctx context.Context, name string) error {
	if !s.flags.dryRun {
		if err := s.writeObject(ctx, name); err != nil {
			return err
		}
	}
	size := s.remote[name].size
	s.report("download", s.remoteName(name), path.Join(s.dir, name), func(c *syncCount) { c.copied++; c.bytes += size })
	return nil
}

func (s *syncing) writeObject(ctx context.Context, name string) (err error) {
	res, err := s.bucket.Do(ctx, http.MethodGet, s.bucket.object(s.prefix+name), nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := s.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	partial := path.Join(path.Dir(name), PartialName+rand.Text())
	f, err := s.root.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = s.root.Remove(partial) // the first error says more
		}
	}()
	_, err = io.Copy(f, res.Body)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return s.root.Rename(partial, name)
}

// maxDelete is how many keys one request deletes. https://developers.cloudflare.com/r2/platform/limits/
const maxDelete = 1000

// remove deletes what is too much.
func (s *syncing) remove(names []string) error {
	if !s.up {
		for _, name := range names {
			if !s.flags.dryRun {
				if err := s.root.Remove(name); err != nil {
					return err
				}
			}
			s.report("delete", path.Join(s.dir, name), "", func(c *syncCount) { c.deleted++ })
		}
		return nil
	}
	for batch := range slices.Chunk(names, maxDelete) {
		if !s.flags.dryRun {
			keys := make([]string, len(batch))
			for i, name := range batch {
				keys[i] = s.prefix + name
			}
			if _, err := s.bucket.Call(s.cmd.Context(), http.MethodDelete, s.bucket.path("objects"), keys, nil); err != nil {
				return err
			}
		}
		for _, name := range batch {
			s.report("delete", s.remoteName(name), "", func(c *syncCount) { c.deleted++ })
		}
	}
	return nil
}
