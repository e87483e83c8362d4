//go:build linux

package loophttp

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestAnswersFromFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	content := strings.Repeat("0123456789abcdef", 1<<16)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	_, dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		n, _ := strconv.ParseInt(r.URL.RawQuery, 10, 64)
		if r.URL.Path == "/known" {
			w.Header().Set("Content-Length", strconv.FormatInt(n+5, 10))
		}
		_, _ = io.WriteString(w, "head ")
		if _, err := io.Copy(w, &io.LimitedReader{R: f, N: n}); err != nil {
			failed <- err
		}
	})
	c, r := dial()
	for _, path := range []string{"/known", "/unknown"} {
		for _, n := range []int{0, 1000, maxBuffered, maxBuffered + 1, 700_000, len(content)} {
			for _, method := range []string{"GET", "HEAD"} {
				io.WriteString(c, method+" "+path+"?"+strconv.Itoa(n)+" HTTP/1.1\r\nHost: x\r\n\r\n")
				want := "head " + content[:n]
				if method == "HEAD" {
					want = ""
				}
				if res, body := readResponse(t, r, method); res.StatusCode != 200 || body != want {
					t.Fatalf("%s %s %d: %s, %d bytes", method, path, n, res.Status, len(body))
				}
			}
		}
	}
	// A Content-Length beyond the end of the file.
	io.WriteString(c, "GET /known?"+strconv.Itoa(len(content)+1)+" HTTP/1.1\r\nHost: x\r\n\r\n")
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, res.Body); n != int64(len(content)+5) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := <-failed; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	// A peer that hangs up ends the response.
	c, r = dial()
	io.WriteString(c, "GET /known?"+strconv.Itoa(len(content))+" HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := http.ReadResponse(r, nil); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := <-failed; err == nil {
		t.Error("sent after the peer hung up")
	}
}

// A peer that requests more files than there are slots and reads none of them gets the
// heads of all responses.
func TestUnreadFilesDoNotBlockOthers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	_, dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Length", strconv.Itoa(1<<20))
		_, _ = io.Copy(w, &io.LimitedReader{R: f, N: 1 << 20}) // fails when the peer hangs up
	})
	var answers []*bufio.Reader
	for range maxSlots + 3 {
		c, r := dial()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		answers = append(answers, r)
	}
	for i, r := range answers {
		if res, err := http.ReadResponse(r, nil); err != nil || res.ContentLength != 1<<20 {
			t.Fatalf("answer %d: %v", i, err)
		}
	}
}
