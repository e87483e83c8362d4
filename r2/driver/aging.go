package driver

import (
	"cmp"
	"context"
)

// ager is the part of a driver that finds what is oldest.
// Times are in milliseconds since 1970.
type ager interface {
	// Age makes objects findable by age, or takes the cost of that away again.
	Age(ctx context.Context, on bool) error
	// Oldest gives objects below prefix that stand behind after and were uploaded
	// at until or before, in the order of marks. class, unless empty, is theirs.
	Oldest(ctx context.Context, prefix, class string, after Mark, until int64, limit int) ([]*Object, error)
	// RemoveThese deletes the objects that still are what they were, and tells which.
	RemoveThese(ctx context.Context, objects []*Object) ([]*Object, error)
	// Classify gives them a storage class, and nothing else that is new.
	Classify(ctx context.Context, objects []*Object, class string) error
	// OldestUpload is when the oldest upload in progress below prefix began.
	OldestUpload(ctx context.Context, prefix string) (created int64, found bool, err error)
	// AbortBefore ends the uploads below prefix that began at until or before.
	AbortBefore(ctx context.Context, prefix string, until int64) error
}

// Mark is a place in the order of upload times and, of the same time, of keys.
type Mark struct {
	Millis int64
	Key    string
}

// Compare orders marks by time, then by key.
func (m Mark) Compare(n Mark) int {
	return cmp.Or(cmp.Compare(m.Millis, n.Millis), cmp.Compare(m.Key, n.Key))
}
