package disk

import (
	"fmt"
	"reflect"
	"testing"

	"flint/r2/driver"
)

func TestRowsKeptInMemoryAreBounded(t *testing.T) {
	t.Parallel()
	c := newRecent()
	data := make([]byte, 64<<10)
	for n := range 1000 {
		key := fmt.Sprint(n)
		_, seen := c.find(key)
		c.keep(&row{o: driver.Object{Key: key}, data: data}, seen)
	}
	sum := func(rows map[string]*row) (n int) {
		for _, r := range rows {
			n += r.bytes()
		}
		return n
	}
	if read, older := sum(c.read), sum(c.older); read != c.bytes || read > maxRead || older > maxRead+len(data)+1024 || older == 0 {
		t.Errorf("%d and %d bytes, counted %d", read, older, c.bytes)
	}
	if r, _ := c.find("999"); r == nil {
		t.Error("the last row is gone")
	}
	if r, _ := c.find("0"); r != nil {
		t.Error("the first row is still there")
	}
}

// A row that was read before a write is not kept after it.
func TestStaleRowsAreNotKept(t *testing.T) {
	t.Parallel()
	stale := &row{o: driver.Object{Key: "k", Version: "stale"}}
	for name, write := range map[string]func(*recent){
		"put":          func(c *recent) { c.put(&row{o: driver.Object{Key: "other"}}) },
		"change":       func(c *recent) { c.change("k")() },
		"under change": func(c *recent) { c.change("k") },
	} {
		c := newRecent()
		_, seen := c.find("k")
		write(c)
		c.keep(stale, seen)
		if r, _ := c.find("k"); r != nil {
			t.Errorf("%s: %v", name, r)
		}
	}
	c := newRecent()
	c.change("k")
	_, seen := c.find("k")
	if c.keep(stale, seen); c.read["k"] != nil {
		t.Error("kept what was read during a change")
	}
}

// FuzzRow reads any bytes as a record; what it can read it writes alike.
func FuzzRow(f *testing.F) {
	f.Add((&row{o: driver.Object{Key: "k", Size: 1}, uploaded: 2, http: `{"contentType":"a"}`, data: []byte("x")}).encode())
	f.Add((&row{o: driver.Object{Key: "k"}, place: placeBlob}).encode())
	f.Add([]byte{recordFormat, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, record []byte) {
		r, err := decodeRow(record)
		if err != nil {
			return
		}
		again, err := decodeRow(r.encode())
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Errorf("%v became %v, %v", r, again, err)
		}
	})
}
