package r2

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flint/r2/driver"
)

// settings are the rules of a bucket. They stand in a JSON file of the store,
// beside the buckets, because they are the same whatever keeps the objects.
type settings struct {
	Lifecycle     *[]LifecycleRule     `json:"lifecycle,omitempty"` // nil: never set
	CORS          []CORSRule           `json:"cors,omitempty"`
	Notifications []QueueNotifications `json:"notifications,omitempty"`
}

const (
	settingsDir  = ".settings" // no bucket name starts with a dot
	eventsSuffix = ".events"
)

func (s *Store) settingsFile(bucket string) string {
	return filepath.Join(s.dir, settingsDir, bucket+".json")
}

// readSettings reads the rules of a bucket; one that never had any has none.
func (s *Store) readSettings(bucket string) (*settings, error) {
	text, err := os.ReadFile(s.settingsFile(bucket))
	if errors.Is(err, fs.ErrNotExist) {
		return &settings{}, nil
	}
	if err != nil {
		return nil, err
	}
	out := &settings{}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("%s is not a file that flint wrote: %w", s.settingsFile(bucket), err)
	}
	return out, nil
}

// writeSettings replaces the file whole: a kill leaves the old rules or the new ones.
func (s *Store) writeSettings(bucket string, rules *settings) error {
	text, err := json.MarshalIndent(rules, "", "  ")
	if err != nil {
		return err
	}
	file := s.settingsFile(bucket)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), "*.tmp")
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(text, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

func (s *Store) removeSettings(bucket string) error {
	var errs []error
	for _, file := range []string{s.settingsFile(bucket), s.settingsFile(bucket) + eventsSuffix} {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// bucketsWithSettings names the buckets that have rules, and drops what a
// killed run left of writing them.
func (s *Store) bucketsWithSettings() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(s.dir, settingsDir, "*"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range files {
		name, ok := strings.CutSuffix(filepath.Base(file), ".json")
		if ok && driver.ValidBucketName(name) {
			names = append(names, name)
		} else if strings.HasSuffix(file, ".tmp") {
			err = errors.Join(err, os.Remove(file))
		}
	}
	return names, err
}

// changeSettings changes the rules of b, first on disk and then for everybody.
func (b *Bucket) changeSettings(change func(*settings) error) error {
	b.rules.Lock()
	defer b.rules.Unlock()
	next := *b.settings.Load()
	next.Notifications = slices.Clone(next.Notifications)
	if err := change(&next); err != nil {
		return err
	}
	if err := b.store.writeSettings(b.name, &next); err != nil {
		return fmt.Errorf("keep the rules of bucket %s: %w", b.name, err)
	}
	b.settings.Store(&next)
	return nil
}
