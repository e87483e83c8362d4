package kv

import (
	"context"
	"encoding/base64"
	"strconv"
)

// ListOptions say which keys a page holds.
type ListOptions struct {
	Prefix string // at most 512 bytes
	Cursor string // of the page before; empty for the first page
	Limit  int    // 1 to 1000; zero is 1000
}

// Page is one page of a list, ordered by the bytes of the names.
type Page struct {
	Keys     []Key
	Complete bool
	Cursor   string // for the next page; empty when Complete
}

// List returns one page of the keys that begin with a prefix. A cursor says after
// which key to go on, so keys that come and go between two pages do no harm.
//
// https://developers.cloudflare.com/kv/api/list-keys/
func (n *Namespace) List(ctx context.Context, o ListOptions) (Page, error) {
	start, limit, err := o.check()
	if err != nil {
		return Page{}, err
	}
	keys, more, err := n.driver.List(ctx, start, o.Prefix, limit)
	if err != nil {
		return Page{}, err
	}
	return pageOf(keys, more), nil
}

func pageOf(keys []Key, more bool) Page {
	page := Page{Keys: keys, Complete: !more}
	if more {
		page.Cursor = encodeCursor(keys[len(keys)-1].Name)
	}
	return page
}

// check returns the name at which the page begins and how many keys it holds.
func (o ListOptions) check() (start string, limit int, err error) {
	switch {
	case o.Limit < 0:
		return "", 0, errLimitLow(strconv.Itoa(o.Limit))
	case o.Limit > MaxListKeys:
		return "", 0, errLimitHigh(o.Limit)
	case len(o.Prefix) > MaxKeyBytes:
		return "", 0, errLongKey(len(o.Prefix))
	}
	start = o.Prefix
	if o.Cursor != "" {
		last, err := decodeCursor(o.Cursor)
		if err != nil {
			return "", 0, err
		}
		start = max(start, last+"\x00") // the least name behind last
	}
	if limit = o.Limit; limit == 0 {
		limit = MaxListKeys
	}
	return start, limit, nil
}

// parseLimit reads a limit as clients write it; empty is the default.
func parseLimit(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil {
		return 0, errLimitLow("NaN")
	}
	if limit < 1 {
		return 0, errLimitLow(text)
	}
	return limit, nil
}

// A cursor is the last name of the page, in base64 as the peer has it.
func encodeCursor(last string) string { return base64.StdEncoding.EncodeToString([]byte(last)) }

func decodeCursor(cursor string) (string, error) {
	if len(cursor) > base64.StdEncoding.EncodedLen(MaxKeyBytes) {
		return "", errCursor
	}
	last, err := base64.StdEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return "", errCursor
	}
	return string(last), nil
}
