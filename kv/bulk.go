package kv

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// bulkGetBody is a bulk read as the runtime and the REST API ask for it. The
// runtime writes the cache time as a string.
type bulkGetBody struct {
	Keys         []string    `json:"keys"`
	Type         string      `json:"type"`
	WithMetadata bool        `json:"withMetadata"`
	CacheTTL     json.Number `json:"cacheTtl"`
}

// readBulkGet reads the body of a bulk read.
func readBulkGet(body io.Reader) (keys []string, o BulkGetOptions, withMetadata bool, err error) {
	var b bulkGetBody
	if err := readJSON(body, maxSmallBody, &b); err != nil {
		return nil, o, false, err
	}
	o.Type = b.Type
	if b.CacheTTL != "" {
		if o.CacheTTL, err = parseCacheTTL(string(b.CacheTTL)); err != nil {
			return nil, o, false, err
		}
	}
	return b.Keys, o, b.WithMetadata, nil
}

// readJSON reads a body of at most limit bytes into v.
func readJSON(body io.Reader, limit int64, v any) error {
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return err
	}
	if int64(len(text)) > limit {
		return errTooLarge("The body exceeds the limit of %d bytes", limit)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return errOption("The body is not what this call takes: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// bulkValues lays out the answer to a bulk read: each key with its value, or
// null, in the order in which they were asked for. present makes the
// JSON form of an entry from its value.
func bulkValues(keys []string, found map[string]Entry, kind string, present func(Entry, any) any) json.Marshaler {
	o := orderedObject{values: make(map[string]any, len(keys))}
	for _, key := range keys {
		if _, twice := o.values[key]; twice {
			continue
		}
		o.keys = append(o.keys, key)
		e, ok := found[key]
		switch {
		case !ok:
			o.values[key] = nil
		case kind == "json":
			o.values[key] = present(e, json.RawMessage(e.Value))
		default:
			o.values[key] = present(e, string(e.Value))
		}
	}
	return o
}

// orderedObject is a JSON object whose keys have an order: a Worker sees it in the Map
// that it gets.
type orderedObject struct {
	keys   []string
	values map[string]any
}

// MarshalJSON implements json.Marshaler.
func (o orderedObject) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	add := func(v any, behind byte) error {
		err := enc.Encode(v)
		b.Truncate(b.Len() - 1) // Encode ends with a newline
		b.WriteByte(behind)
		return err
	}
	b.WriteByte('{')
	for _, key := range o.keys {
		if err := errors.Join(add(key, ':'), add(o.values[key], ',')); err != nil {
			return nil, err
		}
	}
	if len(o.keys) > 0 {
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
