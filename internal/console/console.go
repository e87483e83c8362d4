package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
)

// Printer writes one event in the pretty form, on one line or several.
type Printer func(b *bytes.Buffer, p Palette, fields map[string]slog.Value)

// Handler is a slog.Handler that writes whole events in order to one writer. If that
// is a Batch, it is flushed after a warning or an error.
type Handler struct {
	out      *output
	level    slog.Leveler
	json     bool
	palette  Palette
	printers map[string]Printer
	attrs    []slog.Attr
}

type output struct {
	mu  sync.Mutex
	w   io.Writer
	buf bytes.Buffer
}

// Options choose the form of the output.
type Options struct {
	Level    slog.Leveler       // the least level that is written; default: Info
	JSON     bool               // one JSON object a line
	Color    bool               // ANSI colours in the pretty form
	Printers map[string]Printer // by event name; other events are printed as message and fields
}

// New returns a handler on w.
func New(w io.Writer, opt Options) *Handler {
	h := &Handler{out: &output{w: w}, level: opt.Level, json: opt.JSON, printers: opt.Printers}
	if h.level == nil {
		h.level = slog.LevelInfo
	}
	if opt.Color {
		h.palette = ansi
	}
	return h
}

// Palette holds the escape sequences of a terminal; all empty without colours.
type Palette struct{ Red, Yellow, Green, Cyan, Dim, Bold, Reset string }

var ansi = Palette{"\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[36m", "\x1b[2m", "\x1b[1m", "\x1b[0m"}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = append(append([]slog.Attr(nil), h.attrs...), attrs...)
	return &c
}

// WithGroup implements slog.Handler; flint's events are flat.
func (h *Handler) WithGroup(string) slog.Handler { return h }

// Handle implements slog.Handler.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.buf.Reset()
	if h.json {
		h.writeJSON(&h.out.buf, r)
	} else {
		h.writePretty(&h.out.buf, r)
	}
	_, err := h.out.w.Write(h.out.buf.Bytes())
	if b, ok := h.out.w.(*Batch); ok && r.Level >= slog.LevelWarn {
		return b.Flush()
	}
	return err
}

func (h *Handler) eachAttr(r slog.Record, f func(slog.Attr)) {
	for _, a := range h.attrs {
		f(a)
	}
	r.Attrs(func(a slog.Attr) bool { f(a); return true })
}

func (h *Handler) writeJSON(b *bytes.Buffer, r slog.Record) {
	b.WriteString(`{"event":`)
	appendString(b, r.Message)
	h.eachAttr(r, func(a slog.Attr) {
		b.WriteByte(',')
		appendString(b, a.Key)
		b.WriteByte(':')
		appendValue(b, a.Value.Resolve())
	})
	b.WriteString(`,"level":`)
	appendString(b, strings.ToLower(r.Level.String()))
	b.WriteString("}\n")
}

func appendValue(b *bytes.Buffer, v slog.Value) {
	switch v.Kind() {
	case slog.KindString:
		appendString(b, v.String())
	case slog.KindInt64:
		b.Write(strconv.AppendInt(b.AvailableBuffer(), v.Int64(), 10))
	case slog.KindDuration: // in milliseconds
		b.Write(strconv.AppendFloat(b.AvailableBuffer(), float64(v.Duration().Microseconds())/1000, 'f', 3, 64))
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			appendString(b, err.Error())
			return
		}
		appendJSON(b, v.Any())
	default:
		appendJSON(b, v.Any())
	}
}

// appendString is appendJSON for a string, faster when nothing has to be escaped.
func appendString(b *bytes.Buffer, s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			appendJSON(b, s)
			return
		}
	}
	b.WriteByte('"')
	b.WriteString(s)
	b.WriteByte('"')
}

func appendJSON(b *bytes.Buffer, v any) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		b.WriteString(`""`)
		return
	}
	b.Truncate(b.Len() - 1) // Encode ends with a newline
}

func (h *Handler) writePretty(b *bytes.Buffer, r slog.Record) {
	if print, ok := h.printers[r.Message]; ok {
		fields := map[string]slog.Value{}
		h.eachAttr(r, func(a slog.Attr) { fields[a.Key] = a.Value.Resolve() })
		print(b, h.palette, fields)
		return
	}
	switch {
	case r.Level >= slog.LevelError:
		b.WriteString(h.palette.Red + "error" + h.palette.Reset + " ")
	case r.Level >= slog.LevelWarn:
		b.WriteString(h.palette.Yellow + "warning" + h.palette.Reset + " ")
	}
	b.WriteString(r.Message)
	h.eachAttr(r, func(a slog.Attr) {
		fmt.Fprintf(b, " %s%s=%s%v", h.palette.Dim, a.Key, h.palette.Reset, a.Value.Resolve())
	})
	b.WriteByte('\n')
}
