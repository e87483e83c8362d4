package rawhttp

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDrain is how much of an unread request body WriteStatus reads and throws
// away, in bytes. workerd looks at a reply only after it has sent its whole
// body, so the reply to a refused upload waits for the upload.
const MaxDrain = 512 << 20

// MaxReason is the longest reason phrase, in bytes. Longer ones are cut.
const MaxReason = 1024

// WriteStatus answers r with status, reason and body, and closes the
// connection. Headers already set on w are not sent; those of header are,
// except the ones that frame the message, which it writes itself. Where the
// connection cannot be taken over (HTTP/2, a test recorder) the reply goes out
// with the standard reason phrase.
//
// A writer that is a StatusWriter keeps its connection.
//
// It drains the request body first. Nothing may be written to w before or after.
func WriteStatus(w http.ResponseWriter, r *http.Request, status int, reason string, header http.Header, body []byte) error {
	if r.Body != nil {
		// A broken body is the client's trouble: it gets the answer if it still listens.
		_, _ = io.CopyN(io.Discard, r.Body, MaxDrain)
	}
	if sw, ok := w.(StatusWriter); ok {
		return sw.WriteStatus(status, Reason(status, reason), header, body)
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return writePlain(w, r, status, header, body)
	}
	err = write(rw.Writer, r.Method, status, Reason(status, reason), header, body)
	if closeErr := conn.Close(); err == nil {
		err = closeErr
	}
	return err
}

// StatusWriter is an http.ResponseWriter that knows reason phrases.
type StatusWriter interface {
	WriteStatus(status int, reason string, header http.Header, body []byte) error
}

// Reason makes text fit for a status line: control characters become spaces,
// invalid UTF-8 is replaced, and an overlong text is cut. An empty text
// becomes the standard phrase.
func Reason(status int, text string) string {
	if text == "" {
		return http.StatusText(status)
	}
	if len(text) > MaxReason {
		cut := MaxReason
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, text)
}

func write(w *bufio.Writer, method string, status int, reason string, header http.Header, body []byte) error {
	w.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + reason + "\r\n")
	if err := header.WriteSubset(w, framing); err != nil {
		return err
	}
	w.WriteString("Connection: close\r\n")
	if !Bodiless(status) {
		w.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	w.WriteString("\r\n")
	if method != http.MethodHead && !Bodiless(status) {
		w.Write(body)
	}
	return w.Flush() // a bufio.Writer keeps its first error
}

// framing are the headers that say where the message ends.
var framing = map[string]bool{"Connection": true, "Content-Length": true, "Transfer-Encoding": true}

// Bodiless reports whether responses with a status have neither a body nor a
// length.
// https://www.rfc-editor.org/rfc/rfc9110.html#section-6.4.1
func Bodiless(status int) bool {
	return status < 200 || status == http.StatusNoContent || status == http.StatusNotModified
}

func writePlain(w http.ResponseWriter, r *http.Request, status int, header http.Header, body []byte) error {
	for name, values := range header {
		if !framing[name] {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead || Bodiless(status) {
		return nil
	}
	_, err := w.Write(body)
	return err
}
