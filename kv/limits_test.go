package kv

import (
	"fmt"
	"strings"
	"testing"
)

// TestLimits puts, gets and lists at each limit and one past it.
func TestLimits(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	now := epoch.Unix()
	putWith := func(o PutOptions) error { return n.Put(ctx, "k", nil, o) }
	bulk := func(count int) error {
		_, err := n.GetBulk(ctx, make1(count), BulkGetOptions{})
		return err
	}
	list := func(o ListOptions) error { _, err := n.List(ctx, o); return err }
	cache := func(ttl int64) error {
		_, err := n.GetBulk(ctx, []string{"k"}, BulkGetOptions{CacheTTL: &ttl})
		return err
	}
	for _, c := range []struct {
		name   string
		err    error
		status int // 0 for no error
		text   string
	}{
		{"key 512", n.Put(ctx, strings.Repeat("k", 512), nil, PutOptions{}), 0, ""},
		{"key 513", n.Put(ctx, strings.Repeat("k", 513), nil, PutOptions{}), 414, "UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"key 171 * 3 bytes", n.Delete(ctx, strings.Repeat("☃", 171)), 414, "UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"key empty", n.Put(ctx, "", nil, PutOptions{}), 400, "Key names must not be empty"},
		{"key .", n.Put(ctx, ".", nil, PutOptions{}), 400, `Illegal key name ".". Please use a different name.`},
		{"key ..", n.Delete(ctx, ".."), 400, `Illegal key name "..". Please use a different name.`},
		{"value 25 MiB", n.Put(ctx, "v", make([]byte, 25<<20), PutOptions{}), 0, ""},
		{"value 25 MiB + 1", n.Put(ctx, "v", make([]byte, 25<<20+1), PutOptions{}), 413, "Value length of 26214401 exceeds limit of 26214400."},
		{"metadata 1024", putWith(PutOptions{Metadata: jsonString(1024)}), 0, ""},
		{"metadata 1025", putWith(PutOptions{Metadata: jsonString(1025)}), 413, "Metadata length of 1025 exceeds limit of 1024."},
		{"metadata not JSON", putWith(PutOptions{Metadata: []byte("{")}), 400, "Metadata is not valid JSON."},
		{"ttl 60", putWith(PutOptions{ExpirationTTL: seconds(60)}), 0, ""},
		{"ttl 59", putWith(PutOptions{ExpirationTTL: seconds(59)}), 400, "Invalid expiration_ttl of 59. Expiration TTL must be at least 60."},
		{"ttl 0", putWith(PutOptions{ExpirationTTL: seconds(0)}), 400, "Invalid expiration_ttl of 0. Please specify integer greater than 0."},
		{"ttl huge", putWith(PutOptions{ExpirationTTL: seconds(1<<63 - 1)}), 0, ""},
		{"ttl wins", putWith(PutOptions{ExpirationTTL: seconds(60), Expiration: seconds(1)}), 0, ""},
		{"expiration +60", putWith(PutOptions{Expiration: seconds(now + 60)}), 0, ""},
		{"expiration +59", putWith(PutOptions{Expiration: seconds(now + 59)}), 400, fmt.Sprintf("Invalid expiration of %d. Expiration times must be at least 60 seconds in the future.", now+59)},
		{"expiration now", putWith(PutOptions{Expiration: seconds(now)}), 400, fmt.Sprintf("Invalid expiration of %d. Please specify integer greater than the current number of seconds since the UNIX epoch.", now)},
		{"cache 30", cache(30), 0, ""},
		{"cache 29", cache(29), 400, "Invalid cache_ttl of 29. Cache TTL must be at least 30."},
		{"list 1000", list(ListOptions{Limit: 1000}), 0, ""},
		{"list 1001", list(ListOptions{Limit: 1001}), 400, "Invalid key_count_limit of 1001. Please specify an integer less than 1000."},
		{"list -1", list(ListOptions{Limit: -1}), 400, "Invalid key_count_limit of -1. Please specify an integer greater than 0."},
		{"prefix 512", list(ListOptions{Prefix: strings.Repeat("k", 512)}), 0, ""},
		{"prefix 513", list(ListOptions{Prefix: strings.Repeat("k", 513)}), 414, "UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"bulk 100", bulk(100), 0, ""},
		{"bulk 101", bulk(101), 400, "You can request a maximum of 100 keys"},
		{"bulk 0", bulk(0), 400, "You must request a minimum of 1 key"},
		{"put 10,000", n.PutBulk(ctx, make([]Pair, 10_000)), 400, "Key names must not be empty"},
		{"put 10,001", n.PutBulk(ctx, make([]Pair, 10_001)), 400, "A bulk write or delete takes at most 10000 keys"},
		{"delete 10,000", n.DeleteBulk(ctx, make1(10_000)), 0, ""},
		{"delete 10,001", n.DeleteBulk(ctx, make1(10_001)), 400, "A bulk write or delete takes at most 10000 keys"},
	} {
		if c.status == 0 {
			if c.err != nil {
				t.Errorf("%s: %v", c.name, c.err)
			}
			continue
		}
		t.Run(c.name, func(t *testing.T) { wantError(t, c.err, c.status, c.text) })
	}
}

func TestBulkGetLimitOfBytes(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	put(t, n, "a", string(make([]byte, 20<<20)), PutOptions{})
	put(t, n, "b", string(make([]byte, 5<<20)), PutOptions{})
	if _, err := n.GetBulk(ctx, []string{"a", "b"}, BulkGetOptions{}); err != nil {
		t.Errorf("25 MiB: %v", err)
	}
	put(t, n, "c", "1", PutOptions{})
	_, err := n.GetBulk(ctx, []string{"a", "b", "c"}, BulkGetOptions{})
	wantError(t, err, 413, "Total size of request exceeds the limit of 25MB")
}

func jsonString(size int) []byte { return []byte(`"` + strings.Repeat("x", size-2) + `"`) }

func make1(count int) []string {
	keys := make([]string, count)
	for i := range keys {
		keys[i] = fmt.Sprint("key", i)
	}
	return keys
}
