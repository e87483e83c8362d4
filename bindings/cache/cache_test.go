package cache

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/testkit"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func open(t testing.TB, dir string, maxBytes int64) (*Cache, *clock.Virtual) {
	t.Helper()
	clk := clock.NewFrozen(start)
	c, err := Open(Options{Dir: dir, Clock: clk, MaxBytes: maxBytes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		clk.Close()
	})
	return c, clk
}

func key(url string) Key { return Key{Resource: "default", URL: url} }

func put(t testing.TB, c *Cache, k Key, headers, body string) {
	t.Helper()
	if err := c.Put(k, message("200 OK", headers, body)); err != nil {
		t.Fatal(err)
	}
}

// message is what workerd sends: chunked by name, never in fact.
func message(status, headers, body string) io.Reader {
	if headers != "" {
		headers += "\r\n"
	}
	return strings.NewReader("HTTP/1.1 " + status + "\r\nTransfer-Encoding: chunked\r\n" + headers + "\r\n" + body)
}

func body(t testing.TB, c *Cache, k Key) (string, bool) {
	t.Helper()
	r := c.find(k)
	if r == nil {
		return "", false
	}
	defer r.close()
	data, err := io.ReadAll(r.reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(data), true
}

func wantBody(t testing.TB, c *Cache, k Key, want string) {
	t.Helper()
	if got, ok := body(t, c, k); !ok || got != want {
		t.Fatalf("%+v: got %.40q (%v), want %.40q", k, got, ok, want)
	}
}

func wantMiss(t testing.TB, c *Cache, k Key) {
	t.Helper()
	if got, ok := body(t, c, k); ok {
		t.Fatalf("%+v: got %.40q, want a miss", k, got)
	}
}

func TestKeysAreApart(t *testing.T) {
	t.Parallel()
	c, _ := open(t, t.TempDir(), 0)
	keys := []Key{
		key("http://h/"), key("https://h/"), key("http://h/?"), {Resource: "default", Cache: "n", URL: "http://h/"},
		{Resource: "other", URL: "http://h/"}, {Resource: "default", URL: "http://h/", Custom: true},
	}
	for i, k := range keys {
		put(t, c, k, "Cache-Control: max-age=60", fmt.Sprint(i))
	}
	for i, k := range keys {
		wantBody(t, c, k, fmt.Sprint(i))
	}
	if !c.Delete(keys[0]) || c.Delete(keys[0]) {
		t.Fatal("the first Delete finds the response, the second one does not")
	}
	wantMiss(t, c, keys[0])
	wantBody(t, c, keys[1], "1")
	if n := c.Purge(); n != len(keys)-1 || c.Size() != 0 {
		t.Fatalf("Purge = %d with %d bytes left, want %d and 0", n, c.Size(), len(keys)-1)
	}
}

func TestPutReplaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, _ := open(t, dir, 0)
	long := strings.Repeat("a long first body", 10_000) // not one that stays in memory
	put(t, c, key("u"), "Cache-Control: max-age=60", long)
	first := c.find(key("u"))
	put(t, c, key("u"), "Cache-Control: max-age=60", "second")
	wantBody(t, c, key("u"), "second")
	old, err := io.ReadAll(first.reader()) // a match under way goes on
	first.close()
	if err != nil || string(old) != long {
		t.Fatalf("the open response gives %.40q, %v", old, err)
	}
	if n := len(files(t, dir)); n != 1 {
		t.Fatalf("%d files, want 1", n)
	}
}

func TestExpiresOnTheClock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, clk := open(t, dir, 0)
	put(t, c, key("u"), "Cache-Control: max-age=60", "x")
	testkit.Advance(t, clk, 59*time.Second)
	wantBody(t, c, key("u"), "x")
	testkit.Advance(t, clk, time.Second)
	if c.Delete(key("u")) {
		t.Error("Delete found an expired response")
	}
	wantMiss(t, c, key("u"))
	if n := len(files(t, dir)); n != 0 || c.Size() != 0 {
		t.Errorf("%d files, %d bytes after expiry, want none", n, c.Size())
	}
}

func TestSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, _ := open(t, dir, 0)
	put(t, c, key("a"), "Cache-Control: max-age=60\r\nX-A: 1\r\nX-A: 2", "first")
	put(t, c, key("a"), "Cache-Control: max-age=60", "second")
	put(t, c, key("b"), "Cache-Control: max-age=1", "short")
	size := c.Size()
	// What a kill leaves: an unfinished put, and an old response not yet removed.
	testkit.WriteFile(t, filepath.Join(dir, "put-123.tmp"), "half")
	testkit.WriteFile(t, filepath.Join(dir, fmt.Sprintf("%s-%016x", key("a").hash(), 0)), "older")
	testkit.WriteFile(t, filepath.Join(dir, "README"), "not ours")

	again, clk := open(t, dir, 0)
	wantBody(t, again, key("a"), "second")
	if again.Size() != size {
		t.Errorf("size %d after the restart, want %d", again.Size(), size)
	}
	if got := files(t, dir); len(got) != 3 { // a, b, README
		t.Errorf("files %v, want the two responses and README", got)
	}
	testkit.Advance(t, clk, 2*time.Second)
	wantMiss(t, again, key("b"))
	put(t, again, key("a"), "Cache-Control: max-age=60", "third") // numbers go on
	third, _ := open(t, dir, 0)
	wantBody(t, third, key("a"), "third")
}

func TestDamagedFileIsAMiss(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func([]byte) []byte{
		"cut":     func(b []byte) []byte { return b[:len(b)-1] },
		"empty":   func([]byte) []byte { return nil },
		"length":  func(b []byte) []byte { b[len(b)-trailerSize] ^= 0xff; return b },
		"garbage": func(b []byte) []byte { return bytes.Repeat([]byte("x"), len(b)) },
	} {
		dir := t.TempDir()
		c, _ := open(t, dir, 0)
		put(t, c, key("u"), "Cache-Control: max-age=60", "body")
		full := filepath.Join(dir, files(t, dir)[0])
		data, err := os.ReadFile(full)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, damage(data), 0o600); err != nil {
			t.Fatal(err)
		}
		again, _ := open(t, dir, 0)
		if _, ok := body(t, again, key("u")); ok {
			t.Errorf("%s: a damaged response was served", name)
		}
		if n := len(files(t, dir)); n != 0 {
			t.Errorf("%s: the damaged file was kept", name)
		}
	}
}

func TestOldestGoFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, _ := open(t, dir, 10<<10)
	for i := range 20 {
		put(t, c, key(fmt.Sprint(i)), "Cache-Control: max-age=60", strings.Repeat("x", 1000))
		if c.Size() > 10<<10 {
			t.Fatalf("%d bytes, want at most %d", c.Size(), 10<<10)
		}
	}
	wantMiss(t, c, key("0"))
	wantMiss(t, c, key("11"))
	wantBody(t, c, key("19"), strings.Repeat("x", 1000))
	if n := len(files(t, dir)); n != 8 {
		t.Errorf("%d files, want 8 of a good 1200 bytes", n)
	}
	smaller, _ := open(t, dir, 2<<10) // a smaller limit holds at once
	if smaller.Size() > 2<<10 {
		t.Errorf("%d bytes, want at most %d", smaller.Size(), 2<<10)
	}
	wantBody(t, smaller, key("19"), strings.Repeat("x", 1000))
}

func TestRefusedMessages(t *testing.T) {
	t.Parallel()
	fresh := "Cache-Control: max-age=60\r\n"
	cases := []struct {
		name, message string
		want          error
	}{
		{"nothing", "", ErrIncomplete},
		{"no end of headers", "HTTP/1.1 200 OK\r\n" + fresh, ErrIncomplete},
		{"no status line", "hello\r\n\r\n", ErrMalformed},
		{"informational", "HTTP/1.1 101 Switching\r\n" + fresh + "\r\n", ErrMalformed},
		{"a header without a colon", "HTTP/1.1 200 OK\r\nwhat\r\n\r\n", ErrMalformed},
		{"bad length", "HTTP/1.1 200 OK\r\n" + fresh + "Content-Length: -5\r\n\r\n", ErrMalformed},
		{"short body", "HTTP/1.1 200 OK\r\n" + fresh + "Content-Length: 5\r\n\r\nabc", ErrIncomplete},
		{"long body", "HTTP/1.1 200 OK\r\n" + fresh + "Content-Length: 2\r\n\r\nabc", ErrIncomplete},
		{"endless headers", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 200), ErrMalformed},
		{"announced as too large", "HTTP/1.1 200 OK\r\n" + fresh + "Content-Length: 600000000\r\n\r\n", ErrRefused},
		{"too large", "HTTP/1.1 200 OK\r\n" + fresh + "\r\n" + strings.Repeat("z", 5000), ErrRefused},
	}
	dir := t.TempDir()
	c, _ := open(t, dir, 4000)
	for _, x := range cases {
		if err := c.Put(key(x.name), strings.NewReader(x.message)); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
		wantMiss(t, c, key(x.name))
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("files %v were left behind", got)
	}
}

// A put that breaks off leaves what was there before.
func TestBrokenPutKeepsTheOldResponse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, _ := open(t, dir, 0)
	put(t, c, key("u"), "Cache-Control: max-age=60", "old")
	boom := errors.New("connection lost")
	broken := io.MultiReader(message("200 OK", "Cache-Control: max-age=60", "half"), errReader{boom})
	if err := c.Put(key("u"), broken); !errors.Is(err, boom) {
		t.Fatalf("err = %v, want %v", err, boom)
	}
	wantBody(t, c, key("u"), "old")
	if n := len(files(t, dir)); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, _ := open(t, dir, 64<<10)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 100 {
				k := key(fmt.Sprint(i % 7))
				switch (i + w) % 4 {
				case 0, 1:
					put(t, c, k, "Cache-Control: max-age=60", strings.Repeat(k.URL, 1000))
				case 2:
					if got, ok := body(t, c, k); ok && got != strings.Repeat(k.URL, 1000) {
						t.Errorf("torn body of %d bytes", len(got))
					}
				default:
					c.Delete(k)
				}
			}
		})
	}
	wg.Wait()
	var total int64
	for _, name := range files(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total != c.Size() {
		t.Errorf("%d bytes on disk, Size says %d", total, c.Size())
	}
}

func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	c, _ := open(t, t.TempDir(), 0)
	for _, size := range []int{0, 1000, maxKeptBody, maxKeptBody + 1} {
		text := strings.Repeat("x", size)
		put(t, c, key("u"), "Cache-Control: max-age=60", text)
		for range 2 { // from the file, then from memory
			wantBody(t, c, key("u"), text)
		}
		want := int64(size)
		if size > maxKeptBody {
			want = 0
		}
		if got := c.memory.Load(); got != want {
			t.Errorf("%d bytes in memory for a body of %d, want %d", got, size, want)
		}
	}
	put(t, c, key("v"), "Cache-Control: max-age=60", "v")
	wantBody(t, c, key("v"), "v")
	if c.Purge(); c.memory.Load() != 0 {
		t.Errorf("%d bytes in memory of an empty cache", c.memory.Load())
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "file"), "")
	if _, err := Open(Options{Dir: filepath.Join(dir, "file"), Clock: clock.New()}); err == nil {
		t.Error("a file was opened as a folder")
	}
}

func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
