package r2

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

// holds reports whether c is true of an object; nil means that there is none.
func (c *Conditional) holds(o *Object) bool {
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
	c.UploadedAfter = parseHTTPTime(h.Get("If-Modified-Since"))
	c.UploadedBefore = parseHTTPTime(h.Get("If-Unmodified-Since"))
	if c.Matches == nil && c.DoesNotMatch == nil && c.UploadedAfter == nil && c.UploadedBefore == nil {
		return nil, nil
	}
	return c, nil
}

func parseHTTPTime(s string) *time.Time {
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
