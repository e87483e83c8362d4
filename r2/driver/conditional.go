package driver

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// ETag is one entry of a condition.
type ETag struct {
	Value string // without quotes
	Weak  bool
	Any   bool // the wildcard *
}

// Conditional is what must hold of the object for an operation to happen. A
// nil list and a nil time are no condition.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#conditional-operations
type Conditional struct {
	Matches        []ETag
	DoesNotMatch   []ETag
	UploadedBefore *time.Time
	UploadedAfter  *time.Time
	// Seconds compares times without their milliseconds, as HTTP headers do.
	Seconds bool
}

// Holds reports whether c is true of an object; nil means that there is none.
func (c *Conditional) Holds(o *Object) bool {
	if c == nil {
		return true
	}
	if o == nil {
		return c.Matches == nil && c.UploadedAfter == nil
	}
	match := c.Matches == nil || anyStrong(c.Matches, o.ETag)
	noneMatch := c.DoesNotMatch == nil || !anyWeak(c.DoesNotMatch, o.ETag)
	uploaded := c.millis(o.Uploaded)
	// A time is only the second-best witness: an ETag that holds overrules it.
	after := c.UploadedAfter == nil || c.millis(*c.UploadedAfter) < uploaded || c.DoesNotMatch != nil && noneMatch
	before := c.UploadedBefore == nil || uploaded < c.millis(*c.UploadedBefore) || c.Matches != nil && match
	return match && noneMatch && after && before
}

func (c *Conditional) millis(t time.Time) int64 {
	if c.Seconds {
		return t.Unix() * 1000
	}
	return t.UnixMilli()
}

func anyStrong(tags []ETag, etag string) bool {
	for _, t := range tags {
		if t.Any || !t.Weak && t.Value == etag {
			return true
		}
	}
	return false
}

func anyWeak(tags []ETag, etag string) bool {
	for _, t := range tags {
		if t.Any || t.Value == etag {
			return true
		}
	}
	return false
}

var errMalformedETag = errors.New("malformed ETag list")

// ParseConditional reads If-Match, If-None-Match, If-Modified-Since and
// If-Unmodified-Since. It returns nil when none is there. As RFC 9110 wants,
// an unreadable date is no condition; an unreadable ETag is an error.
func ParseConditional(h http.Header) (*Conditional, error) {
	c := &Conditional{Seconds: true}
	var err error
	if c.Matches, err = parseETags(h.Values("If-Match")); err != nil {
		return nil, err
	}
	if c.DoesNotMatch, err = parseETags(h.Values("If-None-Match")); err != nil {
		return nil, err
	}
	c.UploadedAfter = ParseHTTPTime(h.Get("If-Modified-Since"))
	c.UploadedBefore = ParseHTTPTime(h.Get("If-Unmodified-Since"))
	if c.Matches == nil && c.DoesNotMatch == nil && c.UploadedAfter == nil && c.UploadedBefore == nil {
		return nil, nil
	}
	return c, nil
}

// ParseHTTPTime reads the date of an HTTP header; what is none is ignored, as HTTP says.
func ParseHTTPTime(s string) *time.Time {
	if s == "" {
		return nil
	}
	t, err := http.ParseTime(s)
	if err != nil {
		return nil
	}
	return &t
}

// parseETags reads the values of one ETag header.
func parseETags(values []string) ([]ETag, error) {
	if len(values) == 0 {
		return nil, nil
	}
	var tags []ETag
	for rest := strings.Join(values, ","); ; {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			break
		}
		if rest[0] == '*' {
			return []ETag{{Any: true}}, nil
		}
		tag, after, err := cutETag(rest)
		if err != nil {
			return nil, err
		}
		tags, rest = append(tags, tag), strings.TrimLeft(after, " \t")
		if rest != "" && rest[0] != ',' {
			return nil, errMalformedETag
		}
	}
	if tags == nil {
		return nil, errMalformedETag
	}
	return tags, nil
}

func cutETag(s string) (ETag, string, error) {
	s, weak := strings.CutPrefix(s, "W/")
	if s == "" || s[0] != '"' {
		return ETag{}, "", errMalformedETag
	}
	value, after, ok := strings.Cut(s[1:], `"`)
	if !ok {
		return ETag{}, "", errMalformedETag
	}
	return ETag{Value: value, Weak: weak}, after, nil
}

// NotModified reports whether an object for which c does not hold is to be
// answered 304: it is only not newer than the client's.
func (c *Conditional) NotModified(o *Object) bool {
	required := &Conditional{Matches: c.Matches, UploadedBefore: c.UploadedBefore, Seconds: true}
	return required.Holds(o)
}

// IsAbsent reports whether c says no more than If-None-Match: *.
func (c *Conditional) IsAbsent() bool {
	return len(c.DoesNotMatch) == 1 && c.DoesNotMatch[0].Any && c.Matches == nil && c.UploadedAfter == nil && c.UploadedBefore == nil
}

// IsETag reports whether c says no more than If-Match of one ETag.
func (c *Conditional) IsETag() bool {
	return len(c.Matches) == 1 && !c.Matches[0].Any && !c.Matches[0].Weak && HeaderText(c.Matches[0].Value) &&
		c.DoesNotMatch == nil && c.UploadedAfter == nil && c.UploadedBefore == nil
}

// Precondition holds the headers of a GET or HEAD against an object, in the
// order of RFC 9110: If-Match overrules If-Unmodified-Since, and If-None-Match
// overrules If-Modified-Since. It returns ErrPreconditionFailed or
// errNotModified if the object is not to be sent.
// https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
func (c *Conditional) Precondition(o *Object) error {
	if c == nil {
		return nil
	}
	modified := o.Uploaded.Truncate(time.Second)
	switch {
	case c.Matches != nil:
		if !anyStrong(c.Matches, o.ETag) {
			return ErrPreconditionFailed
		}
	case c.UploadedBefore != nil && modified.After(*c.UploadedBefore):
		return ErrPreconditionFailed
	}
	switch {
	case c.DoesNotMatch != nil:
		if anyWeak(c.DoesNotMatch, o.ETag) {
			return ErrNotModified
		}
	case c.UploadedAfter != nil && !modified.After(*c.UploadedAfter):
		return ErrNotModified
	}
	return nil
}

// ErrNotModified says that the client has this version already: a 304.
var ErrNotModified = errors.New("not modified")

// SameVersion is the condition that o was not replaced by other content.
func SameVersion(o *Object) *Conditional {
	return &Conditional{Matches: []ETag{{Value: o.ETag}}}
}

// HeaderText reports whether a value survives as that of a header.
func HeaderText(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return strings.TrimSpace(s) == s && !strings.HasPrefix(s, "=?")
}

// HTTPETag is an ETag as a header has it, in quotes.
func HTTPETag(o *Object) string { return `"` + o.ETag + `"` }
