package kv

import (
	"context"
	"encoding/json"
	"strconv"
)

// GetOptions change a read.
type GetOptions struct {
	// CacheTTL is how long a location keeps what it read, at least 30
	// seconds. It has an effect on eventual namespaces only.
	CacheTTL *int64
}

// Get reads a key. It fails with ErrKeyNotFound when there is none.
//
// https://developers.cloudflare.com/kv/api/read-key-value-pairs/
func (n *Namespace) Get(ctx context.Context, key string, o GetOptions) (Entry, error) {
	if err := checkRead(key, o.CacheTTL); err != nil {
		return Entry{}, err
	}
	return n.driver.Get(ctx, key)
}

// BulkGetOptions change a bulk read.
type BulkGetOptions struct {
	Type     string // text or json; empty is text
	CacheTTL *int64 // as in GetOptions
}

// GetBulk reads up to 100 keys, together up to 25 MiB. A key that does not
// exist is absent from the map. With type json every value must be JSON.
//
// https://developers.cloudflare.com/kv/api/read-key-value-pairs/#request-multiple-keys
func (n *Namespace) GetBulk(ctx context.Context, keys []string, o BulkGetOptions) (map[string]Entry, error) {
	return checkedBulk(keys, o, func() (map[string]Entry, error) { return n.driver.GetBulk(ctx, keys) })
}

// checkedBulk checks the question and the answer of a bulk read.
func checkedBulk(keys []string, o BulkGetOptions, read func() (map[string]Entry, error)) (map[string]Entry, error) {
	if o.Type != "" && o.Type != "text" && o.Type != "json" {
		return nil, errBulkType(o.Type)
	}
	if len(keys) > MaxBulkGetKeys {
		return nil, errTooManyBulkKeys
	}
	if len(keys) == 0 {
		return nil, errNoBulkKeys
	}
	for _, key := range keys {
		if err := checkRead(key, o.CacheTTL); err != nil {
			return nil, err
		}
	}
	found, err := read()
	if err != nil || o.Type != "json" {
		return found, err
	}
	for _, e := range found {
		if !json.Valid(e.Value) {
			return nil, errBulkValue(o.Type)
		}
	}
	return found, nil
}

func checkRead(key string, cacheTTL *int64) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if cacheTTL != nil && *cacheTTL < MinCacheTTL {
		return errCacheTTL(strconv.FormatInt(*cacheTTL, 10))
	}
	return nil
}

// checkKey applies the rules for key names.
// https://developers.cloudflare.com/kv/api/write-key-value-pairs/#parameters
func checkKey(key string) error {
	switch {
	case key == "":
		return errEmptyKey
	case key == "." || key == "..":
		return errIllegalKey(key)
	case len(key) > MaxKeyBytes:
		return errLongKey(len(key))
	}
	return nil
}
