package kv

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"

	"flint/kv/driver"
)

// PutOptions say how long a key lives and what is kept beside its value.
type PutOptions struct {
	Expiration    *int64          // seconds since the epoch, at least 60 s ahead
	ExpirationTTL *int64          // seconds from now, at least 60; wins over Expiration
	Metadata      json.RawMessage // at most 1024 bytes; empty or null is none
}

// Put stores value under key and returns once it is durable.
//
// https://developers.cloudflare.com/kv/api/write-key-value-pairs/
func (n *Namespace) Put(ctx context.Context, key string, value []byte, o PutOptions) error {
	return n.PutStream(ctx, key, bytes.NewReader(value), int64(len(value)), o)
}

// PutStream is Put with a value of size bytes read from body; size is -1 when
// it is not known. A value over 25 MiB is refused; where only reading shows its
// length, body is read on to tell it.
func (n *Namespace) PutStream(ctx context.Context, key string, body io.Reader, size int64, o PutOptions) error {
	r, err := n.newRecord(key, size, o)
	if err != nil {
		return err
	}
	if err := n.limit.allow(key); err != nil {
		return err
	}
	if r, err = readValue(r, body, size); err != nil {
		return err
	}
	return n.driver.Write(ctx, r)
}

// newRecord checks everything that is known before the value is read, and makes
// a record with room for it.
func (n *Namespace) newRecord(key string, size int64, o PutOptions) (driver.Record, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	at, err := expiration(n.now(), o)
	if err != nil {
		return nil, err
	}
	metadata, err := checkMetadata(o.Metadata)
	if err != nil {
		return nil, err
	}
	if size > MaxValueBytes {
		return nil, errLongValue(size)
	}
	return driver.NewRecord(driver.OpPut, key, metadata, at, int(max(size, 0))), nil
}

// readValue reads the value into r.
func readValue(r driver.Record, body io.Reader, size int64) (driver.Record, error) {
	if size >= 0 {
		_, err := io.ReadFull(body, r.Value())
		return r, err
	}
	whole, err := readAll(r, body, MaxValueBytes+1)
	if err != nil {
		return nil, err
	}
	read := int64(len(whole) - len(r))
	if read > MaxValueBytes {
		rest, err := io.Copy(io.Discard, io.LimitReader(body, maxMeasuredBytes))
		if err != nil {
			return nil, err
		}
		return nil, errLongValue(read + rest)
	}
	return whole, nil
}

// readAll appends up to most bytes of body to b. The memory doubles as it fills,
// up to what can be needed; the result keeps less than an eighth more than it
// holds.
func readAll(b []byte, body io.Reader, most int) ([]byte, error) {
	end := len(b) + most
	b = slices.Grow(b, min(minReadBuffer, most))
	for {
		n, err := body.Read(b[len(b):min(cap(b), end)])
		b = b[:len(b)+n]
		switch {
		case err == io.EOF || len(b) == end: //nolint:errorlint // a reader gives it bare
			if cap(b)-len(b) > len(b)/8 {
				b = bytes.Clone(b)
			}
			return b, nil
		case err != nil:
			return nil, err
		case len(b) == cap(b):
			b = append(make([]byte, 0, min(2*cap(b), end)), b...)
		}
	}
}

// expiration is the moment at which a key put now expires, zero for never.
func expiration(now int64, o PutOptions) (int64, error) {
	switch {
	case o.ExpirationTTL != nil:
		ttl := *o.ExpirationTTL
		if ttl <= 0 {
			return 0, errTTLNotPositive(strconv.FormatInt(ttl, 10))
		}
		if ttl < MinExpirationTTL {
			return 0, errTTLShort(ttl)
		}
		return now + min(ttl, maxExpirationSeconds), nil
	case o.Expiration != nil:
		at := *o.Expiration
		if at <= now {
			return 0, errExpirationPast(strconv.FormatInt(at, 10))
		}
		if at < now+MinExpirationTTL {
			return 0, errExpirationSoon(at)
		}
		return min(at, maxExpirationSeconds), nil
	}
	return 0, nil
}

// parseExpiry reads the two options as clients write them; empty is absent.
func parseExpiry(at, ttl string, o *PutOptions) error {
	var err error
	if ttl != "" {
		if o.ExpirationTTL, err = parseSeconds(ttl); err != nil {
			return errTTLNotPositive(ttl)
		}
		return nil // it wins, whatever the other says
	}
	if at != "" {
		if o.Expiration, err = parseSeconds(at); err != nil {
			return errExpirationPast(at)
		}
	}
	return nil
}

func parseSeconds(text string) (*int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	return &n, err
}

// checkMetadata returns metadata in its shortest form, nil for none.
func checkMetadata(metadata json.RawMessage) ([]byte, error) {
	if len(metadata) == 0 {
		return nil, nil
	}
	var short bytes.Buffer
	if err := json.Compact(&short, metadata); err != nil {
		return nil, errMetadata
	}
	if short.String() == "null" {
		return nil, nil
	}
	if short.Len() > MaxMetadataBytes {
		return nil, errLongMetadata(short.Len())
	}
	return short.Bytes(), nil
}

// Pair is one key of a bulk write.
type Pair struct {
	Key   string
	Value []byte
	PutOptions
}

// PutBulk stores up to 10,000 pairs, all or none: the log takes them in one
// piece. Of two pairs with the same key the later one wins.
//
// https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/bulk_update/
func (n *Namespace) PutBulk(ctx context.Context, pairs []Pair) error {
	if len(pairs) > MaxBulkPairs {
		return errBulkPairs
	}
	if len(pairs) == 0 {
		return nil
	}
	records, keys := make([]driver.Record, len(pairs)), make([]string, len(pairs))
	for i, p := range pairs {
		r, err := n.newRecord(p.Key, int64(len(p.Value)), p.PutOptions)
		if err != nil {
			return err
		}
		copy(r.Value(), p.Value)
		records[i], keys[i] = r, p.Key
	}
	if err := n.limit.allow(keys...); err != nil {
		return err
	}
	return n.driver.Write(ctx, records...)
}
