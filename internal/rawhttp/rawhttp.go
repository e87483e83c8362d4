package rawhttp

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDrain is how many bytes of an unread request body WriteStatus reads and discards.
// workerd reads a reply only after it has sent the whole body, so the reply to a
// refused upload has to wait for the upload.
const MaxDrain = 512 << 20

// MaxReason is the longest reason phrase, in bytes. Longer ones are cut.
const MaxReason = 1024

// WriteStatus answers r with status, reason and body, and closes the
// connection. Headers already set on w are not sent; those of header are,
// except the ones that frame the message, which it writes itself. Where the
// connection cannot be taken over (HTTP/2, a test recorder) the reply goes out
// with the standard reason phrase.
//
// If w is a StatusWriter the connection stays open.
//
// It drains the request body first. Nothing may be written to w before or after.
func WriteStatus(w http.ResponseWriter, r *http.Request, status int, reason string, header http.Header, body []byte) error {
	if r.Body != nil {
		// An error of the body is the client's: it still gets the reply if it reads it.
		_, _ = io.CopyN(io.Discard, r.Body, MaxDrain)
	}
	if sw, ok := w.(StatusWriter); ok {
		return sw.WriteStatus(status, Reason(status, reason), header, body)
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return writeStandard(w, r, status, header, body)
	}
	err = writeReply(rw.Writer, r.Method, status, Reason(status, reason), header, body)
	if closeErr := conn.Close(); err == nil {
		err = closeErr
	}
	return err
}

// StatusWriter is an http.ResponseWriter that can send reason phrases.
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

func writeReply(w *bufio.Writer, method string, status int, reason string, header http.Header, body []byte) error {
	w.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + reason + "\r\n")
	if err := header.WriteSubset(w, framingHeaders); err != nil {
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

// framingHeaders are the headers that frame the message.
var framingHeaders = map[string]bool{"Connection": true, "Content-Length": true, "Transfer-Encoding": true}

// Bodiless reports whether responses with a status have neither a body nor a
// length.
// https://www.rfc-editor.org/rfc/rfc9110.html#section-6.4.1
func Bodiless(status int) bool {
	return status < 200 || status == http.StatusNoContent || status == http.StatusNotModified
}

func writeStandard(w http.ResponseWriter, r *http.Request, status int, header http.Header, body []byte) error {
	for name, values := range header {
		if !framingHeaders[name] {
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
