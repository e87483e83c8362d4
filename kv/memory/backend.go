package memory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"flint/internal/clock"
	"flint/kv/driver"
)

// Backend is the default backend: a log for each namespace, and the titles given
// through the REST API in namespaces.json.
type Backend struct {
	dir   string
	clock clock.Clock
	log   *slog.Logger

	mu         sync.Mutex
	titlesByID map[string]string // as namespaces.json has them
	hasLog     map[string]bool   // namespaces that have a log
}

// CatalogFile is the file with the titles of the namespaces.
const CatalogFile = "namespaces.json"

// Open opens the folder in which the logs of the namespaces are.
func Open(dir string, c clock.Clock, log *slog.Logger) (*Backend, error) {
	d := &Backend{dir: dir, clock: c, log: log, titlesByID: map[string]string{}, hasLog: map[string]bool{}}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range files {
		if id, ok := namespaceOfFile(e.Name()); ok {
			d.hasLog[id] = true
		}
	}
	return d, d.load()
}

func (d *Backend) load() error {
	text, err := os.ReadFile(d.catalogPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept []namespaceTitle
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("%s is not a list of namespaces: %w", d.catalogPath(), err)
	}
	for _, i := range kept {
		d.titlesByID[i.ID] = i.Title
	}
	return nil
}

func (d *Backend) catalogPath() string      { return filepath.Join(d.dir, CatalogFile) }
func (d *Backend) logPath(id string) string { return filepath.Join(d.dir, FileName(id)) }

// Open implements driver.Backend.
func (d *Backend) Open(id string) (driver.Namespace, error) {
	n, err := OpenNamespace(d.logPath(id), d.clock, d.log.With("namespace", id))
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hasLog[id] = true
	return n, nil
}

// Drop implements driver.Backend.
func (d *Backend) Drop(_ context.Context, id string) error {
	if err := os.Remove(d.logPath(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.hasLog, id)
	if _, had := d.titlesByID[id]; !had {
		return nil
	}
	kept := maps.Clone(d.titlesByID)
	delete(kept, id)
	return d.save(kept)
}

// Titles implements driver.Backend.
func (d *Backend) Titles(context.Context) (map[string]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := maps.Clone(d.titlesByID)
	for id := range d.hasLog {
		if _, ok := all[id]; !ok {
			all[id] = ""
		}
	}
	return all, nil
}

// SetTitle implements driver.Backend.
func (d *Backend) SetTitle(_ context.Context, id, title string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := maps.Clone(d.titlesByID)
	kept[id] = title
	return d.save(kept)
}

// save replaces namespaces.json in one step.
func (d *Backend) save(kept map[string]string) error {
	list := make([]namespaceTitle, 0, len(kept))
	for id, title := range kept {
		list = append(list, namespaceTitle{id, title})
	}
	slices.SortFunc(list, func(a, b namespaceTitle) int { return strings.Compare(a.ID, b.ID) })
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(d.catalogPath(), append(text, '\n')); err != nil {
		return err
	}
	d.titlesByID = kept
	return nil
}

func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Ping implements driver.Backend.
func (d *Backend) Ping(context.Context) error { return nil }

// Close implements driver.Backend.
func (d *Backend) Close() error { return nil }

// namespaceTitle is a namespace as namespaces.json has it.
type namespaceTitle struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}
