package kv

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Info describes a namespace.
type Info struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Which namespaces there are: those of the configuration and those that were
// used, known by this process (Store.declared), and those that the backend
// keeps: made through the REST API, or not empty.

// Declare makes a namespace of the configuration known under a title. A title that
// Create or Rename has given it stays.
func (s *Store) Declare(id, title string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.declared[id] = title
}

// titles are the titles of all namespaces by id.
func (s *Store) titles(ctx context.Context) (map[string]string, error) {
	all, err := s.backend.Titles(ctx)
	if err != nil {
		return nil, err
	}
	for id, title := range all {
		if title == "" {
			all[id] = id
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for id, title := range s.declared {
		if kept, ok := all[id]; !ok || kept == id {
			all[id] = title
		}
	}
	return all, nil
}

// List describes all namespaces, ordered by id.
func (s *Store) List(ctx context.Context) ([]Info, error) {
	known, err := s.titles(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Info, 0, len(known))
	for id, title := range known {
		all = append(all, Info{id, title})
	}
	slices.SortFunc(all, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// Lookup describes one namespace. It fails with ErrNamespaceNotFound.
func (s *Store) Lookup(ctx context.Context, id string) (Info, error) {
	known, err := s.titles(ctx)
	if err != nil {
		return Info{}, err
	}
	title, ok := known[id]
	if !ok {
		return Info{}, ErrNamespaceNotFound
	}
	return Info{id, title}, nil
}

// Create makes a namespace with a new id under a title that is not taken yet.
//
// https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/create/
func (s *Store) Create(ctx context.Context, title string) (Info, error) {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return s.setTitle(ctx, hex.EncodeToString(id[:]), title)
}

// Rename gives a namespace another title.
//
// https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/update/
func (s *Store) Rename(ctx context.Context, id, title string) (Info, error) {
	if _, err := s.Lookup(ctx, id); err != nil {
		return Info{}, err
	}
	return s.setTitle(ctx, id, title)
}

func (s *Store) setTitle(ctx context.Context, id, title string) (Info, error) {
	if title == "" {
		return Info{}, errTitleMissing
	}
	if len(title) > maxTitleBytes {
		return Info{}, errTitleLong
	}
	s.titleMu.Lock()
	defer s.titleMu.Unlock()
	if s.isClosed() {
		return Info{}, ErrClosed
	}
	known, err := s.titles(ctx)
	if err != nil {
		return Info{}, err
	}
	for other, taken := range known {
		if taken == title && other != id {
			return Info{}, errTitleTaken
		}
	}
	return Info{id, title}, s.backend.SetTitle(ctx, id, title)
}

// Delete removes a namespace with all its keys. One that the configuration
// declares is there again, empty, at the next start.
//
// https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/delete/
func (s *Store) Delete(ctx context.Context, id string) error {
	if _, err := s.Lookup(ctx, id); err != nil {
		return err
	}
	sl, err := s.slot(id)
	if err != nil {
		return err
	}
	sl.mu.Lock() // a call that opens it meanwhile waits, and gets ErrClosed
	defer sl.mu.Unlock()
	if err := sl.close(); err != nil {
		s.log.Warn("a deleted KV namespace did not close cleanly", "namespace", id, "error", err)
	}
	err = s.backend.Drop(ctx, id)
	s.edge.dropNamespace(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slots[id] == sl {
		delete(s.slots, id)
	}
	if err != nil {
		return fmt.Errorf("delete KV namespace %q: %w", id, err)
	}
	delete(s.declared, id)
	return nil
}
