package cache

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A response is one file named <hash of the key>-<number of the put>: the body,
// then what is known about it as JSON, then the length of the JSON and a mark.
// The number says which of two files of a key is newer, whatever their times.
const (
	tempSuffix  = ".tmp"
	mark        = "flc1"
	trailerSize = 4 + len(mark)
)

// Key is what a response is stored under.
type Key struct {
	Resource string // the binding, "default"
	Cache    string // name of caches.open; empty for caches.default
	URL      string // of the request, or its cf.cacheKey
	Custom   bool   // URL is a cf.cacheKey
}

func (k Key) hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q%q%q%v", k.Resource, k.Cache, k.URL, k.Custom)
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// meta is what is known about a response.
type meta struct {
	Key     Key
	Status  int
	Headers [][2]string
	Stored  time.Time
	Expires time.Time
	Size    int64 // of the body, in bytes
}

func (m *meta) header(name string) string {
	for _, h := range m.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// entry is a response on disk.
type entry struct {
	hash        string
	seq         uint64
	bytes       int64 // of the file
	listElement *list.Element
	meta        atomic.Pointer[meta]   // once it was read
	body        atomic.Pointer[[]byte] // of a small response that was read; set after meta
}

func (e *entry) name() string { return fmt.Sprintf("%s-%016x", e.hash, e.seq) }

func parseName(f fs.DirEntry) (*entry, bool) {
	hash, number, ok := strings.Cut(f.Name(), "-")
	seq, err := strconv.ParseUint(number, 16, 64)
	if !ok || err != nil || len(hash) != 40 {
		return nil, false
	}
	info, err := f.Info()
	if err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	return &entry{hash: hash, seq: seq, bytes: info.Size()}, true
}

// response is a stored response that is being read.
type response struct {
	*meta
	body []byte   // all of it, when file is nil
	file *os.File // begins with the body
}

func (r *response) close() {
	if r.file != nil {
		r.file.Close() // only read: nothing can be lost
	}
}

// reader is the body.
func (r *response) reader() io.ReadSeeker {
	if r.file == nil {
		return bytes.NewReader(r.body)
	}
	return io.NewSectionReader(r.file, 0, r.Size)
}

// dropped is the body of an entry that is no longer in the index.
var dropped []byte

// open reads an entry, from memory if it can. The error is fs.ErrNotExist when
// its file is gone.
func (c *Cache) open(e *entry) (*response, error) {
	if b := e.body.Load(); b != nil && b != &dropped {
		return &response{meta: e.meta.Load(), body: *b}, nil
	}
	f, err := os.Open(filepath.Join(c.dir, e.name()))
	if err != nil {
		return nil, err
	}
	m := e.meta.Load()
	if m == nil {
		if m, err = readMeta(f, e.bytes); err != nil {
			f.Close()
			return nil, err
		}
		e.meta.Store(m)
	}
	c.keepInMemory(e, f, m.Size)
	return &response{meta: m, file: f}, nil
}

// keepInMemory takes a small body into memory while there is room.
func (c *Cache) keepInMemory(e *entry, f *os.File, size int64) {
	if size > maxKeptBody || c.memory.Load()+size > maxKeptBytes {
		return
	}
	body := make([]byte, size)
	if _, err := f.ReadAt(body, 0); err != nil && size > 0 {
		return // the match itself meets the error too
	}
	c.memory.Add(size)
	if !e.body.CompareAndSwap(nil, &body) {
		c.memory.Add(-size)
	}
}

var errFormat = errors.New("not a whole cached response")

func readMeta(f *os.File, size int64) (*meta, error) {
	var trailer [trailerSize]byte
	if size < int64(trailerSize) {
		return nil, errFormat
	}
	if _, err := f.ReadAt(trailer[:], size-int64(trailerSize)); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(trailer[:4]))
	at := size - int64(trailerSize) - n
	if string(trailer[4:]) != mark || n > maxMeta || at < 0 {
		return nil, errFormat
	}
	data := make([]byte, n)
	if _, err := f.ReadAt(data, at); err != nil {
		return nil, err
	}
	m := &meta{}
	if err := json.Unmarshal(data, m); err != nil || m.Size != at {
		return nil, errors.Join(errFormat, err)
	}
	return m, nil
}

// writeMeta ends the file behind the body and returns its size.
func writeMeta(f *os.File, m *meta) (int64, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return 0, err
	}
	size := m.Size + int64(len(data)+trailerSize)
	if len(data) > maxMeta {
		return 0, errFormat
	}
	data = binary.LittleEndian.AppendUint32(data, uint32(len(data)))
	_, err = f.Write(append(data, mark...))
	return size, err
}
