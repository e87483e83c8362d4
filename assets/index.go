package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"

	"flint/internal/clock"
	"flint/internal/mimetype"
)

// index remembers what is known of the folder, so that a file that has not
// changed costs one stat, and so does the proof that there is none.
type index struct {
	dir  string
	real clock.Clock
	log  *slog.Logger

	files  sync.Map // URL path → *file
	dirs   sync.Map // folder, "." is the root → *folder
	cached atomic.Int64
}

// file is one asset as it was read.
type file struct {
	name         string // relative to the root, with slashes
	info         fs.FileInfo
	settled      bool // the times of info prove that the file has not changed since
	etag         string
	mimeType     string // empty when the ending says nothing
	body         []byte // nil when it is too large to keep
	isFirstServe atomic.Bool
	tooLarge     bool
}

// folder is the listing of one folder.
type folder struct {
	info    fs.FileInfo
	settled bool
	names   map[string]bool
}

func newIndex(dir string, real clock.Clock, log *slog.Logger) *index {
	return &index{dir: dir, real: real, log: log}
}

// lookup finds the asset at a decoded path. seen holds the folders that this
// request has looked at already.
func (x *index) lookup(urlPath string, seen map[string]*folder) *file {
	if len(urlPath) < 2 || urlPath[0] != '/' || !fs.ValidPath(urlPath[1:]) {
		return nil
	}
	if known, ok := x.files.Load(urlPath); ok {
		if f := known.(*file); x.unchanged(f) {
			return f
		}
		x.remove(urlPath)
	}
	name := urlPath[1:]
	if !x.folder(path.Dir(name), seen).names[path.Base(name)] {
		return nil
	}
	f := x.load(name)
	if f == nil {
		return nil
	}
	if old, loaded := x.files.Swap(urlPath, f); loaded {
		x.cached.Add(-int64(len(old.(*file).body)))
	}
	x.cached.Add(int64(len(f.body)))
	return f
}

func (x *index) remove(urlPath string) {
	if old, ok := x.files.LoadAndDelete(urlPath); ok {
		x.cached.Add(-int64(len(old.(*file).body)))
	}
}

func (x *index) full(name string) string { return filepath.Join(x.dir, filepath.FromSlash(name)) }

// unchanged compares a file with the disk. The path may lead out of the folder
// by now, but what is served are the bytes that were read inside of it.
func (x *index) unchanged(f *file) bool {
	info, err := os.Stat(x.full(f.name))
	return err == nil && f.settled && same(info, f.info)
}

func same(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b)
}

func (x *index) isSettled(info fs.FileInfo) bool {
	return clock.Since(x.real, info.ModTime()).Abs() > settleTime // a time to come is no recent one either
}

var noFolder = &folder{}

// folder is the listing of a folder, read anew when its time has changed.
func (x *index) folder(name string, seen map[string]*folder) *folder {
	if d := seen[name]; d != nil {
		return d
	}
	d := x.readFolder(name)
	seen[name] = d
	return d
}

func (x *index) readFolder(name string) *folder {
	info, err := os.Stat(x.full(name))
	if err != nil || !info.IsDir() {
		x.dirs.Delete(name)
		return noFolder
	}
	if known, ok := x.dirs.Load(name); ok {
		if d := known.(*folder); d.settled && same(d.info, info) {
			return d
		}
	}
	f, err := os.OpenInRoot(x.dir, filepath.FromSlash(name))
	if err != nil {
		return noFolder // a link that leads out of the folder, or just removed
	}
	defer f.Close()
	d := &folder{info: info, settled: x.isSettled(info), names: map[string]bool{}}
	names, err := f.Readdirnames(-1)
	if err != nil {
		x.log.Error("list assets", "folder", x.full(name), "error", err)
		return noFolder
	}
	for _, n := range names {
		d.names[n] = true
	}
	x.dirs.Store(name, d)
	return d
}

// load reads a file; nil when it is none or lies outside of the folder.
func (x *index) load(name string) *file {
	h, info := x.open(name)
	if h == nil {
		return nil
	}
	defer h.Close()
	f := &file{name: name, info: info, settled: x.isSettled(info), mimeType: mimetype.ByName(name)}
	f.isFirstServe.Store(true)
	if info.Size() > MaxFileSize {
		x.log.Error(tooLarge(x.dir, x.full(name), info.Size()).Message)
		f.tooLarge = true
		return f
	}
	if err := x.read(f, h); err != nil {
		x.log.Error("read asset", "file", x.full(name), "error", err)
		return nil
	}
	return f
}

func (x *index) open(name string) (*os.File, fs.FileInfo) {
	h, err := os.OpenInRoot(x.dir, filepath.FromSlash(name))
	if err != nil {
		return nil, nil
	}
	info, err := h.Stat()
	if err != nil || !info.Mode().IsRegular() {
		h.Close()
		return nil, nil
	}
	return h, info
}

// read fills in the hash and, for a small file while there is room, the body.
func (x *index) read(f *file, h io.Reader) error {
	size := f.info.Size()
	sum := sha256.New()
	if size <= maxCachedFile && x.cached.Load()+size <= maxCachedBytes {
		body, err := io.ReadAll(io.LimitReader(h, size))
		if err != nil {
			return err
		}
		f.body = body
		sum.Write(body)
	} else if _, err := io.Copy(sum, h); err != nil {
		return err
	}
	f.etag = hex.EncodeToString(sum.Sum(nil)[:16])
	return nil
}
