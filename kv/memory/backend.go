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

// disk is the default backend: a log for each namespace, and the titles given
// through the REST API in namespaces.json.
type disk struct {
	dir   string
	clock clock.Clock
	log   *slog.Logger

	mu   sync.Mutex
	kept map[string]string // namespaces.json
	logs map[string]bool   // namespaces that have a log
}

// CatalogFile is the file with the titles of the namespaces.
const CatalogFile = "namespaces.json"

// Open opens the folder in which the logs of the namespaces are.
func Open(dir string, c clock.Clock, log *slog.Logger) (*disk, error) {
	d := &disk{dir: dir, clock: c, log: log, kept: map[string]string{}, logs: map[string]bool{}}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range files {
		if id, ok := namespaceOf(e.Name()); ok {
			d.logs[id] = true
		}
	}
	return d, d.load()
}

func (d *disk) load() error {
	text, err := os.ReadFile(d.catalog())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept []titled
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("%s is not a list of namespaces: %w", d.catalog(), err)
	}
	for _, i := range kept {
		d.kept[i.ID] = i.Title
	}
	return nil
}

func (d *disk) catalog() string       { return filepath.Join(d.dir, CatalogFile) }
func (d *disk) path(id string) string { return filepath.Join(d.dir, FileName(id)) }

func (d *disk) Open(id string) (driver.Namespace, error) {
	n, err := OpenNamespace(d.path(id), d.clock, d.log.With("namespace", id))
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.logs[id] = true
	return n, nil
}

func (d *disk) Drop(_ context.Context, id string) error {
	if err := os.Remove(d.path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.logs, id)
	if _, had := d.kept[id]; !had {
		return nil
	}
	kept := maps.Clone(d.kept)
	delete(kept, id)
	return d.save(kept)
}

func (d *disk) Titles(context.Context) (map[string]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := maps.Clone(d.kept)
	for id := range d.logs {
		if _, ok := all[id]; !ok {
			all[id] = ""
		}
	}
	return all, nil
}

func (d *disk) SetTitle(_ context.Context, id, title string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := maps.Clone(d.kept)
	kept[id] = title
	return d.save(kept)
}

// save replaces namespaces.json in one step.
func (d *disk) save(kept map[string]string) error {
	list := make([]titled, 0, len(kept))
	for id, title := range kept {
		list = append(list, titled{id, title})
	}
	slices.SortFunc(list, func(a, b titled) int { return strings.Compare(a.ID, b.ID) })
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(d.catalog(), append(text, '\n')); err != nil {
		return err
	}
	d.kept = kept
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

func (d *disk) Ping(context.Context) error { return nil }
func (d *disk) Close() error               { return nil }

// titled is a namespace as namespaces.json has it.
type titled struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}
