package redis

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"flint/internal/clock"
	"flint/kv/driver"
)

// namespace is one namespace in Redis.
//
// Expiry follows flint's clock: each read compares an entry's own moment with
// it. A timer removes what has expired, also from the two sets; List does so by itself.
// Redis' own expiry is only for entries of a flint that is never started again, so it
// is set a day later.
type namespace struct {
	*Backend
	id   string
	keys keyNames

	ctx    context.Context // ends the sweep under way
	cancel context.CancelFunc

	sweeping      sync.Mutex // held by the timer's function
	mu            sync.Mutex // guards what follows
	timer         clock.Timer
	timerAtSecond int64
	closed        bool
}

func openNamespace(b *Backend, id string) *namespace {
	n := &namespace{Backend: b, id: id, keys: b.keysOf(id)}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.setTimer(b.now()) // it finds what earlier processes left to expire
	return n
}

func (b *Backend) now() int64 { return b.clock.Now().Unix() }

func (n *namespace) Get(ctx context.Context, key string) (e driver.Entry, err error) {
	err = n.call(ctx, func(ctx context.Context) error {
		fields, err := n.client.HMGet(ctx, n.keys.entry+key, "v", "m", "e").Result()
		if err != nil {
			return err
		}
		var ok bool
		if e, ok = entryOf(fields); !ok || e.Expired(n.now()) {
			e = driver.Entry{}
			return driver.ErrKeyNotFound
		}
		return nil
	})
	return e, err
}

// entryOf makes an entry of the fields v, m and e.
func entryOf(fields []any) (driver.Entry, bool) {
	if len(fields) != 3 {
		return driver.Entry{}, false
	}
	value, ok := fields[0].(string)
	metadata, _ := fields[1].(string)
	at, _ := fields[2].(string)
	e := driver.Entry{Value: bytesOf(value), Metadata: metadataOf(metadata)}
	e.Expiration, _ = strconv.ParseInt(at, 10, 64) // flint wrote it
	return e, ok
}

// bytesOf does not copy: a value may have 25 MiB, and the client made the string
// for this call alone.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func metadataOf(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

func (n *namespace) GetBulk(ctx context.Context, keys []string) (map[string]driver.Entry, error) {
	entries := make([]string, len(keys))
	for i, key := range keys {
		entries[i] = n.keys.entry + key
	}
	found := make(map[string]driver.Entry, len(keys))
	err := n.call(ctx, func(ctx context.Context) error {
		answer, err := bulkScript.Run(ctx, n.client, entries, n.now(), driver.MaxBulkGetBytes).Result()
		if err != nil {
			return err
		}
		all, ok := answer.([]any)
		if !ok {
			return driver.ErrBulkBytes
		}
		for i := range all {
			fields, _ := all[i].([]any)
			if e, ok := entryOf(fields); ok {
				found[keys[i]] = e
			}
		}
		return nil
	})
	return found, err
}

func (n *namespace) Write(ctx context.Context, records ...driver.Record) error {
	if err := n.checkOpen(); err != nil {
		return err
	}
	var earliest int64
	args := make([]any, 2, 2+5*len(records))
	args[0], args[1] = n.keys.entry, n.id
	for _, r := range records {
		at := r.Expiration()
		args = append(args, r.Key(), r.Value(), r.Metadata(), at, n.redisExpiry(at))
		if at != 0 && (earliest == 0 || at < earliest) {
			earliest = at
		}
	}
	err := n.call(ctx, func(ctx context.Context) error {
		return writeScript.Run(ctx, n.client, []string{n.keys.index, n.keys.expiry, n.namespacesKey()}, args...).Err()
	})
	if err == nil && earliest != 0 {
		n.setTimer(earliest)
	}
	return err
}

// redisExpiry is the second at which Redis removes an entry by itself, zero for never:
// a day after its expiration, or after as much real time as is left until then,
// for a clock that is behind or stands still.
func (n *namespace) redisExpiry(at int64) int64 {
	left := at - n.now()
	if at == 0 || left > maxRedisExpirySeconds {
		return 0
	}
	if n.embedded == nil {
		at = max(at, clock.Deadline(time.Duration(left)*time.Second).Unix())
	}
	return at + GraceSeconds
}

func (n *namespace) Remove(ctx context.Context, keys ...string) error {
	if err := n.checkOpen(); err != nil || len(keys) == 0 {
		return err
	}
	args := make([]any, 1, 1+len(keys))
	args[0] = n.keys.entry
	for _, key := range keys {
		args = append(args, key)
	}
	return n.call(ctx, func(ctx context.Context) error {
		return removeScript.Run(ctx, n.client, []string{n.keys.index, n.keys.expiry}, args...).Err()
	})
}

func (n *namespace) List(ctx context.Context, start, prefix string, limit int) (keys []driver.Key, more bool, err error) {
	from, to := "["+start, "+"
	if end := prefixEnd(prefix); end != "" {
		to = "(" + end
	}
	for next := true; next && len(keys) <= limit; {
		err := n.call(ctx, func(ctx context.Context) error {
			page, err := listScript.Run(ctx, n.client, []string{n.keys.index, n.keys.expiry},
				n.now(), from, to, limit+1-len(keys), n.keys.entry, scriptBatch).StringSlice()
			if err != nil {
				return err
			}
			for i := 1; i+2 < len(page); i += 3 {
				at, _ := strconv.ParseInt(page[i+1], 10, 64) // flint wrote it
				keys = append(keys, driver.Key{Name: page[i], Expiration: at, Metadata: metadataOf(page[i+2])})
			}
			from, next = "("+page[0], page[0] != ""
			return nil
		})
		if err != nil {
			return nil, false, err
		}
	}
	if len(keys) > limit {
		return keys[:limit], true, nil
	}
	return keys, false, nil
}

// prefixEnd is the least name after all that begin with prefix, empty for none.
func prefixEnd(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}

func (n *namespace) checkOpen() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return driver.ErrClosed
	}
	return nil
}

// setTimer makes sure that the timer runs at the second at, or sooner.
func (n *namespace) setTimer(at int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.timer != nil && n.timerAtSecond <= at {
		return
	}
	if n.timer != nil {
		n.timer.Stop()
	}
	n.timerAtSecond = at
	wait := time.Unix(at, 0).Sub(n.clock.Now())
	n.timer = n.clock.AfterFunc(min(wait, driver.MaxTimerSeconds*time.Second), n.onTimer)
}

// onTimer removes what has expired and sets the timer for the rest.
func (n *namespace) onTimer() {
	n.sweeping.Lock()
	defer n.sweeping.Unlock()
	n.mu.Lock()
	n.timer = nil
	n.mu.Unlock()
	for {
		removed, next, err := n.removeExpired()
		switch {
		case err != nil:
			n.setTimer(n.now() + SweepRetrySeconds)
			return
		case removed == scriptBatch:
			continue
		case next != 0:
			n.setTimer(next)
		}
		return
	}
}

// removeExpired removes some of what has expired. next is the earliest moment of the
// rest, zero for none.
func (n *namespace) removeExpired() (removed int, next int64, err error) {
	err = n.call(n.ctx, func(ctx context.Context) error {
		answer, err := sweepScript.Run(ctx, n.client, []string{n.keys.index, n.keys.expiry}, n.now(), n.keys.entry, scriptBatch).Slice()
		if err != nil {
			return err
		}
		count, _ := answer[0].(int64)
		score, _ := answer[1].(string)
		at, err := strconv.ParseFloat(score, 64)
		removed, next = int(count), int64(at)
		return err
	})
	return removed, next, err
}

func (n *namespace) Close() error {
	n.mu.Lock()
	n.closed = true
	if n.timer != nil {
		n.timer.Stop()
	}
	n.mu.Unlock()
	n.cancel()
	n.sweeping.Lock() // the sweep under way has ended
	defer n.sweeping.Unlock()
	return nil
}
