package csqlite

/*
#include "flint_sqlite.h"
*/
import "C"

import "container/list"

// maxCachedSQL keeps one-off statements with large literals out of the cache.
const maxCachedSQL = 16 << 10

// cache keeps prepared statements, the least recently used one leaves first.
type cache struct {
	limit int
	byKey map[string]*list.Element
	used  *list.List // of *Stmt, latest first
}

func (c *cache) init(limit int) {
	c.limit, c.byKey, c.used = limit, map[string]*list.Element{}, list.New()
}

func (c *cache) get(sql string) *Stmt {
	e := c.byKey[sql]
	if e == nil {
		return nil
	}
	c.used.MoveToFront(e)
	return e.Value.(*Stmt)
}

func (c *cache) put(s *Stmt) {
	s.cached = true
	c.byKey[s.sql] = c.used.PushFront(s)
	if c.used.Len() > c.limit {
		c.drop(c.used.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	s := c.used.Remove(e).(*Stmt)
	delete(c.byKey, s.sql)
	C.sqlite3_finalize(s.stmt)
}

func (c *cache) clear() {
	for c.used.Len() > 0 {
		c.drop(c.used.Back())
	}
}
