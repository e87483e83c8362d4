package kv

import (
	"fmt"

	"flint/internal/clock"
	"flint/kv/driver"
	"flint/kv/memory"
)

// Namespace is one KV namespace. Its methods may be called from any goroutine.
//
// https://developers.cloudflare.com/kv/concepts/kv-namespaces/
type Namespace struct {
	id       string
	clock    clock.Clock
	driver   driver.Namespace
	inMemory *memory.Namespace // the driver, if it is this one, else nil
	edge     *edgeCache        // nil unless it is eventual
	limit    *writeLimit       // nil unless writes are limited
}

// ID is the id of the namespace.
func (n *Namespace) ID() string { return n.id }

func (n *Namespace) now() int64 { return n.clock.Now().Unix() }

func (n *Namespace) close() error {
	if err := n.driver.Close(); err != nil {
		return fmt.Errorf("close KV namespace %q: %w", n.id, err)
	}
	return nil
}
