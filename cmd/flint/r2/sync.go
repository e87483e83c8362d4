package r2

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
)

// syncFlags are the flags of a sync.
type syncFlags struct {
	delete, dryRun bool
	concurrency    int
	filter         filter
	content        contentFlags
}

func (a commands) r2Sync() *cobra.Command {
	var o syncFlags
	cmd := &cobra.Command{
		Use:   "sync DIR BUCKET[/PREFIX] | BUCKET[/PREFIX] DIR",
		Short: "Make a bucket like a folder, or a folder like a bucket: what differs by checksum is copied",
		Long: `Make a bucket like a folder, or a folder like a bucket. Files and objects are
compared by size and checksum; what is the same is left alone.

Write the folder as a path (./dist, ../site, /srv/files) or, of the two, have only
the folder exist; r2://BUCKET says that a bucket is meant. Links to files inside
the folder are followed, others are named and left out. Keys that are no path
below the folder, as ../x, are an error before anything is written.`,
		Args: cli.Exactly("what is copied: a folder or a bucket", "where it is copied to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkConcurrency(o.concurrency); err != nil {
				return err
			}
			header, err := o.content.header(cmd.Flags())
			if err != nil {
				return err
			}
			t, err := syncEnds(args[0], args[1])
			if err != nil {
				return err
			}
			if !t.up && len(header) > 0 {
				return cli.Usagef("a file keeps no content type and the like; leave these flags out when %s is copied to a folder", t.remote())
			}
			return a.onBucket(cmd, t.bucket, func(b *bucket) error {
				s := &syncing{app: a.App, cmd: cmd, ends: t, bucket: b, flags: &o, upload: &r2Upload{app: &cli.App{}, header: header}}
				return s.run()
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.delete, "delete", false, "delete what the source does not have, but for what the patterns leave out")
	f.BoolVar(&o.dryRun, "dry-run", false, "only say what would be done")
	o.filter.add(f)
	concurrencyFlag(cmd, &o.concurrency)
	o.content.add(f)
	return r2Flags(cmd)
}

// ends are the two sides of a sync.
type ends struct {
	dir            string
	bucket, prefix string // the prefix is empty or ends with a slash
	up             bool   // from the folder to the bucket
}

func (t *ends) remote() string { return t.bucket + "/" + t.prefix }

// syncEnds finds out which of two names is the folder.
func syncEnds(from, to string) (*ends, error) {
	fromDir, toDir := looksLikeDir(from), looksLikeDir(to)
	if fromDir == toDir {
		return nil, cli.Usagef("which of %q and %q is the folder? Write a folder as ./NAME, a bucket as r2://NAME", from, to)
	}
	t := &ends{dir: from, up: true}
	remote := to
	if toDir > fromDir {
		t.dir, t.up, remote = to, false, from
	}
	t.bucket, t.prefix, _ = strings.Cut(strings.TrimPrefix(remote, bucketScheme), "/")
	if t.bucket == "" {
		return nil, cli.Usagef("%q names no bucket", remote)
	}
	if t.prefix != "" && !strings.HasSuffix(t.prefix, "/") {
		t.prefix += "/"
	}
	info, err := os.Stat(t.dir)
	switch {
	case err == nil && !info.IsDir():
		return nil, cli.Usagef("%s is not a folder", t.dir)
	case err != nil && t.up:
		return nil, cli.Usagef("cannot read the folder %s: %w", t.dir, cli.WithoutPath(err))
	}
	return t, nil
}

const bucketScheme = "r2://"

// looksLikeDir is how sure it is that a name is one of a folder: 0 it is a
// bucket, 1 nothing says so, 2 there is such a folder, 3 it can only be a path.
func looksLikeDir(name string) int {
	switch {
	case strings.HasPrefix(name, bucketScheme):
		return 0
	case name == "." || name == ".." || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") || strings.HasPrefix(name, "/"):
		return 3
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return 2
	}
	return 1
}

// syncing is a sync under way.
type syncing struct {
	*ends
	app    *cli.App
	cmd    *cobra.Command
	bucket *bucket
	flags  *syncFlags
	upload *r2Upload
	root   *os.Root // of the folder; nil if there is none yet

	local  map[string]localFile
	remote map[string]remoteObject
	kept   []string // paths that are left out, and stay as they are

	mu   sync.Mutex // of what is printed and counted
	done syncCount
}

type localFile struct{ size int64 }

type remoteObject struct {
	size int64
	etag string
}

// syncCount is what a sync has done.
type syncCount struct {
	copied, deleted, same int
	bytes                 int64
}

func (s *syncing) run() error {
	if err := s.open(); err != nil {
		return err
	}
	if s.root != nil {
		defer s.root.Close()
	}
	if err := s.scanLocal(); err != nil {
		return err
	}
	if err := s.scanRemote(); err != nil {
		return err
	}
	changed, err := s.differing()
	if err != nil {
		return err
	}
	var extra []string
	if s.flags.delete {
		if extra, err = s.extra(); err != nil {
			return err
		}
	}
	if err := s.copy(changed); err != nil {
		return s.stopped(err)
	}
	if err := s.remove(extra); err != nil {
		return s.stopped(err)
	}
	s.summary()
	return nil
}

// open opens the folder, which a download makes if it is not there.
func (s *syncing) open() (err error) {
	if !s.up && !s.flags.dryRun {
		if err := os.MkdirAll(s.dir, 0o755); err != nil {
			return err
		}
	}
	s.root, err = os.OpenRoot(s.dir)
	if os.IsNotExist(err) && s.flags.dryRun {
		return nil
	}
	return err
}

func (s *syncing) stopped(err error) error {
	return fmt.Errorf("%s (%d copied, %d deleted before that)", cli.Sentence(err), s.done.copied, s.done.deleted)
}

// report prints what was done, or in a dry run would be.
func (s *syncing) report(verb, from, to string, count func(c *syncCount)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	count(&s.done)
	if s.flags.dryRun {
		verb = "(dry run) " + verb
	}
	if to != "" {
		from += " to " + to
	}
	s.app.Printf("%s: %s", verb, from)
}

func (s *syncing) summary() {
	verb, would := map[bool]string{true: "uploaded", false: "downloaded"}[s.up], ""
	if s.flags.dryRun {
		would = "would be "
	}
	s.app.Printf("%d %s%s (%s), %d %sdeleted, %d unchanged.", s.done.copied, would, verb, cli.PrettyBytes(s.done.bytes), s.done.deleted, would, s.done.same)
}

// differing are the paths that are on the source and not the same on the other
// side, in order.
func (s *syncing) differing() ([]string, error) {
	var changed, compare []string
	if s.up {
		for path, f := range s.local {
			if o, ok := s.remote[path]; !ok || o.size != f.size {
				changed = append(changed, path)
			} else {
				compare = append(compare, path)
			}
		}
	} else {
		for path, o := range s.remote {
			if f, ok := s.local[path]; !ok || o.size != f.size {
				changed = append(changed, path)
			} else {
				compare = append(compare, path)
			}
		}
	}
	group, ctx := s.group()
	for _, path := range compare {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			same, err := sameContent(s.opener(path), s.local[path].size, s.remote[path].etag)
			s.mu.Lock()
			defer s.mu.Unlock()
			if err == nil && !same {
				changed = append(changed, path)
			}
			if same {
				s.done.same++
			}
			return err
		})
	}
	err := group.Wait()
	slices.SortFunc(changed, cmp.Compare[string])
	return changed, err
}
