package driver

import "encoding/json"

// Entry is what is stored under a key. Its slices must not be changed.
type Entry struct {
	Value      []byte
	Metadata   json.RawMessage // nil when there is none
	Expiration int64           // seconds since the epoch, zero for never
}

// Key is one key of a list. Its metadata must not be changed.
type Key struct {
	Name       string
	Expiration int64           // seconds since the epoch, zero for never
	Metadata   json.RawMessage // nil when there is none
}

// Expired reports whether the entry is gone at a moment, in seconds since the epoch.
func (e Entry) Expired(now int64) bool { return e.Expiration != 0 && e.Expiration <= now }

// Entry is what a put record stores. It shares the memory of the record.
func (r Record) Entry() Entry {
	return Entry{Value: r.Value(), Metadata: r.Metadata(), Expiration: r.Expiration()}
}
