package kv

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Info describes a namespace.
type Info struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// catalog knows which namespaces there are: those of the configuration, those
// created through the REST API (kept in namespaces.json) and those that left a
// log. The store's lock guards it.
type catalog struct {
	file  string
	named map[string]titled
}

type titled struct {
	title string
	kept  bool // in namespaces.json
}

const catalogFile = "namespaces.json"

func (c *catalog) load(dir string) error {
	c.file = filepath.Join(dir, catalogFile)
	c.named = map[string]titled{}
	logs, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range logs {
		if id, ok := namespaceOf(e.Name()); ok {
			c.discover(id)
		}
	}
	text, err := os.ReadFile(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept []Info
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("%s is not a list of namespaces: %w", c.file, err)
	}
	for _, i := range kept {
		c.named[i.ID] = titled{i.Title, true}
	}
	return nil
}

// discover notes a namespace that is known by its id only.
func (c *catalog) discover(id string) {
	if _, ok := c.named[id]; !ok {
		c.named[id] = titled{title: id}
	}
}

// set gives a namespace a title that lasts.
func (c *catalog) set(id, title string) error {
	old, had := c.named[id]
	c.named[id] = titled{title, true}
	if err := c.save(); err != nil {
		delete(c.named, id)
		if had {
			c.named[id] = old
		}
		return err
	}
	return nil
}

func (c *catalog) remove(id string) error {
	old, had := c.named[id]
	delete(c.named, id)
	if !old.kept {
		return nil
	}
	if err := c.save(); err != nil {
		if had {
			c.named[id] = old
		}
		return err
	}
	return nil
}

// save replaces namespaces.json in one step.
func (c *catalog) save() error {
	kept := []Info{}
	for id, e := range c.named {
		if e.kept {
			kept = append(kept, Info{id, e.title})
		}
	}
	slices.SortFunc(kept, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	text, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(c.file, append(text, '\n'))
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

// Declare makes a namespace of the configuration known under a title. A title
// given by Create or Rename stays.
func (s *Store) Declare(id, title string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.catalog.named[id].kept {
		s.catalog.named[id] = titled{title: title}
	}
}

// List describes all namespaces, ordered by id.
func (s *Store) List() []Info {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]Info, 0, len(s.catalog.named))
	for id, e := range s.catalog.named {
		all = append(all, Info{id, e.title})
	}
	slices.SortFunc(all, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Lookup describes one namespace. It fails with ErrNamespaceNotFound.
func (s *Store) Lookup(id string) (Info, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.catalog.named[id]
	if !ok {
		return Info{}, ErrNamespaceNotFound
	}
	return Info{id, e.title}, nil
}

// Create makes a namespace with a new id under a title that is not taken yet.
//
// https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/create/
func (s *Store) Create(title string) (Info, error) {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return s.name(hex.EncodeToString(id[:]), title)
}

// Rename gives a namespace another title.
//
// https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/update/
func (s *Store) Rename(id, title string) (Info, error) {
	if _, err := s.Lookup(id); err != nil {
		return Info{}, err
	}
	return s.name(id, title)
}

func (s *Store) name(id, title string) (Info, error) {
	if title == "" {
		return Info{}, errTitleMissing
	}
	if len(title) > maxTitleBytes {
		return Info{}, errTitleLong
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Info{}, ErrClosed
	}
	for other, e := range s.catalog.named {
		if e.title == title && other != id {
			return Info{}, errTitleTaken
		}
	}
	return Info{id, title}, s.catalog.set(id, title)
}

// Delete removes a namespace with all its keys. One that the configuration
// declares is there again, empty, at the next start.
//
// https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/delete/
func (s *Store) Delete(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.catalog.named[id]; !ok {
		return ErrNamespaceNotFound
	}
	if sl := s.slots[id]; sl != nil {
		if err := sl.shut(); err != nil {
			s.log.Warn("a deleted KV namespace did not close cleanly", "namespace", id, "error", err)
		}
		delete(s.slots, id)
	}
	if err := os.Remove(s.path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete KV namespace %q: %w", id, err)
	}
	return s.catalog.remove(id)
}
