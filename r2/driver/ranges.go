package driver

import (
	"math"
	"strconv"
	"strings"
)

// Range asks for a part of an object: an offset and a length, either of which
// may be absent, or a suffix. Header is an HTTP Range header, and wins.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#ranged-reads
type Range struct {
	Offset, Length, Suffix *int64
	Header                 string

	Strict  bool   // read Header as a public bucket does
	IfRange string // the If-Range header that goes with it
}

// Span is a part of an object, in bytes.
type Span struct{ Offset, Length int64 }

// Resolve turns r into a span of o. A header that is not exactly one readable
// range means the whole object.
func (r *Range) Resolve(o *Object) (Span, error) {
	size := o.Size
	whole := Span{0, size}
	switch {
	case r == nil:
		return whole, nil
	case r.Strict:
		if !IfRangeHolds(r.IfRange, o) {
			return whole, nil
		}
		return strictRange(r.Header, size)
	case r.Header != "":
		if span, ok := parseRangeHeader(r.Header, size); ok {
			return span, nil
		}
		return whole, nil
	}
	if r.Suffix != nil {
		n := min(*r.Suffix, size)
		if *r.Suffix <= 0 || n == 0 {
			return whole, ErrInvalidRange
		}
		return Span{size - n, n}, nil
	}
	var offset int64
	if r.Offset != nil {
		offset = *r.Offset
	}
	length := size - offset
	if r.Length != nil {
		length = *r.Length
	}
	if offset < 0 || offset >= size || length <= 0 { // at the end there is nothing to give
		return whole, ErrInvalidRange
	}
	return Span{offset, min(length, size-offset)}, nil
}

// parseRangeHeader reads a Range header as R2's binding does: only a single
// range that the object can satisfy counts.
func parseRangeHeader(header string, size int64) (Span, bool) {
	unit, spec, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(strings.Trim(unit, " "), "bytes") {
		return Span{}, false
	}
	var found Span
	var count int
	for part := range strings.SplitSeq(spec, ",") {
		span, empty, ok := parseRangeSpec(part, size)
		if !ok {
			return Span{}, false
		}
		if !empty {
			found = span
			count++
		}
	}
	return found, count == 1
}

// parseRangeSpec reads "1-2", "1-" or "-2". empty is the suffix of no bytes.
func parseRangeSpec(s string, size int64) (span Span, empty, ok bool) {
	first, last, ok := strings.Cut(strings.Trim(s, " "), "-")
	if !ok {
		return Span{}, false, false
	}
	start, hasStart, ok1 := parseDigits(strings.Trim(first, " "))
	end, hasEnd, ok2 := parseDigits(strings.Trim(last, " "))
	switch {
	case !ok1 || !ok2 || !hasStart && !hasEnd:
		return Span{}, false, false
	case !hasStart:
		if end >= size {
			return Span{}, false, false
		}
		return Span{size - end, end}, end == 0, true
	case start >= size || hasEnd && start > end:
		return Span{}, false, false
	case !hasEnd:
		return Span{start, size - start}, false, true
	}
	return Span{start, min(end, size-1) - start + 1}, false, true
}

// parseDigits reads a number without sign; one that is too large is as good as
// the largest, since no object reaches it.
func parseDigits(s string) (n int64, present, ok bool) {
	if s == "" {
		return 0, false, true
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		n = math.MaxInt64
	}
	return n, true, true
}

// strictRange reads a Range header as a public bucket does, which answers 400
// to what it cannot read and 416 to what the object does not have.
func strictRange(header string, size int64) (Span, error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return Span{}, errMalformedRange
	}
	first, last, ok := strings.Cut(spec, "-")
	start, hasStart, ok1 := parseDigits(first)
	end, hasEnd, ok2 := parseDigits(last)
	switch {
	case !ok || !ok1 || !ok2 || !hasStart && !hasEnd || hasStart && hasEnd && start > end:
		return Span{}, errMalformedRange
	case size == 0 || hasStart && start >= size || !hasStart && end == 0:
		return Span{}, ErrInvalidRange
	case !hasStart:
		n := min(end, size)
		return Span{size - n, n}, nil
	case !hasEnd:
		return Span{start, size - start}, nil
	}
	return Span{start, min(end, size-1) - start + 1}, nil
}

// IfRangeHolds reports whether a Range header counts: its If-Range names this
// very version, by a strong ETag or by its date.
func IfRangeHolds(ifRange string, o *Object) bool {
	if ifRange == "" || ifRange == HTTPETag(o) {
		return true
	}
	t := ParseHTTPTime(ifRange)
	return t != nil && t.Unix() == o.Uploaded.Unix()
}
