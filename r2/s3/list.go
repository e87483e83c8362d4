package s3

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"flint/r2/driver"
)

// A list merges up to three lists of the store, each in the order of the keys:
// those that are their names, which the store also groups, those in hex, and
// those that only their hashes name. It is rare that there are any of the others.

// entry is a key of one of them, or a group of keys.
type entry struct {
	key    string
	group  bool
	object *driver.Object
}

// source is one of them under way.
type source struct {
	b     *bucket
	fetch fetch
	queue []entry
	last  string // the name, in the store, at which the queue ends
	ended bool
}

// fetch is one page of a source: entries behind the key or group after, and
// behind the name last where another page ended, which last of the answer is for
// the next one. Entries at or before after may be among them.
type fetch func(ctx context.Context, after, last string, limit int) (entries []entry, end string, more bool, err error)

// next returns the first entry after the key or group p.after.
func (s *source) next(ctx context.Context, p *driver.Page) (*entry, error) {
	for {
		for len(s.queue) > 0 && p.Any && s.queue[0].key <= p.After {
			s.queue = s.queue[1:]
		}
		if len(s.queue) > 0 {
			return &s.queue[0], nil
		}
		if s.ended {
			return nil, nil
		}
		room := p.Limit - len(p.Out.Objects) - len(p.Out.Prefixes) + 1
		entries, last, more, err := s.fetch(ctx, p.After, s.last, min(room, driver.MaxListKeys))
		if err != nil {
			return nil, s.b.explain(ctx, err)
		}
		if more && last <= s.last && s.last != "" {
			return nil, errList(s.b.addr)
		}
		s.queue, s.last, s.ended = entries, last, !more
	}
}

func (b *bucket) List(ctx context.Context, p *driver.Page) error {
	sources := b.sources(p)
	for !p.Done {
		var first *entry
		for _, s := range sources {
			e, err := s.next(ctx, p)
			if err != nil {
				return err
			}
			if e != nil && (first == nil || e.key < first.key) {
				first = e
			}
		}
		switch {
		case first == nil:
			p.Done = true
		case p.Full():
			p.Out.Cursor = driver.EncodeCursor(p.After)
			p.Done = true
		case first.group:
			p.AddGroup(first.key)
		default:
			p.AddSized(first.object)
		}
	}
	return nil
}

func (b *bucket) sources(p *driver.Page) []*source {
	opts := &p.Opts
	var sources []*source
	if plainPrefix(opts.Prefix) {
		sources = append(sources, &source{b: b, fetch: func(ctx context.Context, after, last string, limit int) ([]entry, string, bool, error) {
			return b.plainEntries(ctx, opts, after, last, limit)
		}})
	}
	if len(opts.Prefix) <= maxHexKey {
		sources = append(sources, &source{b: b, fetch: func(ctx context.Context, after, last string, limit int) ([]entry, string, bool, error) {
			return b.hexEntries(ctx, opts, after, last, limit)
		}})
	}
	return append(sources, &source{b: b, fetch: func(ctx context.Context, after, _ string, _ int) ([]entry, string, bool, error) {
		entries, err := b.hashEntries(ctx, opts, after)
		return entries, "", false, err
	}})
}

// plainMarker is where the store's list of plain keys goes on behind a key or
// group. It is a name that the store accepts, and for that it may be an earlier one.
func plainMarker(after string) string {
	if group, ok := strings.CutSuffix(after, driver.AfterAll); ok {
		after = group + "\U0010FFFE"
	}
	start := 0
	for segment := range strings.SplitSeq(after, "/") {
		end := start + len(segment)
		if end < len(after) && !plainFolder(segment) || end == len(after) && segment != "" && !plainSegment(segment) {
			after = after[:start]
			break
		}
		start = end + 1
	}
	return after
}

func (b *bucket) plainEntries(ctx context.Context, opts *driver.ListOptions, after, last string, limit int) (entries []entry, end string, more bool, err error) {
	marker := plainMarker(after)
	if last != "" {
		marker = max(marker, last)
	}
	if strings.HasPrefix(marker, ownPrefix) {
		marker = ownPrefix + "\U0010FFFE"
	}
	delimiter := ""
	if opts.Delimiter == "/" { // of others MinIO gives the same group again and again
		delimiter = "/"
	}
	l, err := b.listNames(ctx, opts.Prefix, marker, delimiter, limit)
	if err != nil {
		return nil, "", false, err
	}
	for _, c := range l.CommonPrefixes {
		end = max(end, c.Prefix)
		if !strings.HasPrefix(c.Prefix, ownPrefix) {
			entries = append(entries, entry{key: c.Prefix, group: true})
		}
	}
	for _, o := range l.Contents {
		end = max(end, o.Key)
	}
	objects, err := b.described(ctx, l.Contents, func(info *minio.ObjectInfo) (string, bool, error) {
		return info.Key, plainKey(info.Key), nil
	})
	if err == nil && last == "" && delimiter != "" {
		entries, err = b.withOpenGroup(ctx, entries, opts, after)
	}
	entries = append(entries, objects...)
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return entries, end, l.IsTruncated, err
}

// withOpenGroup adds the group in which a list starts, if there are more keys in
// it. MinIO leaves that group out.
func (b *bucket) withOpenGroup(ctx context.Context, entries []entry, opts *driver.ListOptions, after string) ([]entry, error) {
	if !strings.HasPrefix(after, opts.Prefix) || strings.HasSuffix(after, driver.AfterAll) {
		return entries, nil
	}
	group, ok := driver.GroupOf(after, opts.Prefix, opts.Delimiter)
	if !ok || !plainPrefix(group) || slices.ContainsFunc(entries, func(e entry) bool { return e.key == group }) {
		return entries, nil
	}
	inside := &driver.Page{Opts: driver.ListOptions{Prefix: group}, Limit: 1, After: after, Any: true}
	e, err := b.sources(inside)[0].next(ctx, inside)
	if e == nil || err != nil {
		return entries, err
	}
	// It is the group of a key behind after, though its own name is before that.
	return append(entries, entry{key: e.key, object: e.object}), nil
}

func (b *bucket) hexEntries(ctx context.Context, opts *driver.ListOptions, after, last string, limit int) (entries []entry, end string, more bool, err error) {
	marker := ""
	if after != "" {
		marker = hexName(after[:min(len(after), maxHexKey)])
	}
	if last != "" {
		marker = max(marker, last)
	}
	l, err := b.listNames(ctx, hexName(opts.Prefix), marker, "", limit)
	if err != nil {
		return nil, "", false, err
	}
	for _, o := range l.Contents {
		end = max(end, o.Key)
	}
	entries, err = b.described(ctx, l.Contents, func(info *minio.ObjectInfo) (string, bool, error) {
		key, ok := hexKey(info.Key)
		return key, ok, nil
	})
	return entries, end, l.IsTruncated, err
}

// hashEntries are all keys of that kind behind after, in order.
func (b *bucket) hashEntries(ctx context.Context, opts *driver.ListOptions, after string) (entries []entry, err error) {
	for start := ""; ; {
		l, err := b.listNames(ctx, hashPrefix, start, "", driver.MaxListKeys)
		if err != nil {
			return nil, err
		}
		found, err := b.described(ctx, l.Contents, func(info *minio.ObjectInfo) (string, bool, error) {
			key, ok, err := b.keyOf(ctx, info.Key)
			return key, ok && strings.HasPrefix(key, opts.Prefix) && key > after, err
		})
		if err != nil {
			return nil, err
		}
		if entries = append(entries, found...); !l.IsTruncated || len(l.Contents) == 0 {
			break
		}
		start = l.Contents[len(l.Contents)-1].Key
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return entries, nil
}

// described makes entries of the objects that keyOf gives a key. MinIO lists
// metadata; other stores are asked for that of each object.
func (b *bucket) described(ctx context.Context, infos []minio.ObjectInfo, keyOf func(*minio.ObjectInfo) (string, bool, error)) ([]entry, error) {
	entries := make([]entry, len(infos))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxConns)
	for i := range infos {
		info := &infos[i]
		g.Go(func() error {
			key, ok, err := keyOf(info)
			if err != nil || !ok {
				return err
			}
			entries[i].key = key
			if info.UserMetadata != nil {
				h := http.Header{}
				for name, value := range info.UserMetadata {
					h.Set(name, value)
				}
				entries[i].object, err = decodeObject(key, *info, h)
				return err
			}
			o, err := b.Head(ctx, key)
			if err == driver.ErrNoSuchKey { //nolint:errorlint // head returns it bare; the object was deleted meanwhile
				return nil
			}
			entries[i].object = o
			return err
		})
	}
	err := g.Wait()
	return slices.DeleteFunc(entries, func(e entry) bool { return e.object == nil }), err
}

// listNames is one page of the store's list (ListObjectsV2), with MinIO's metadata
// where there is any. The client itself has no call for that with a delimiter.
func (b *bucket) listNames(ctx context.Context, prefix, after, delimiter string, limit int) (*minio.ListBucketV2Result, error) {
	q := url.Values{
		"list-type": {"2"}, "encoding-type": {"url"}, "metadata": {"true"}, "prefix": {prefix},
		"max-keys": {strconv.Itoa(limit)},
	}
	if after != "" {
		q.Set("start-after", after)
	}
	if delimiter != "" {
		q.Set("delimiter", delimiter)
	}
	u, err := b.core.Presign(ctx, http.MethodGet, b.s3name, "", time.Minute, q)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		reply := minio.ErrorResponse{Code: resp.Status}
		_ = xml.NewDecoder(resp.Body).Decode(&reply) // what is no XML leaves the status
		return nil, reply
	}
	l := &minio.ListBucketV2Result{}
	if err := xml.NewDecoder(resp.Body).Decode(l); err != nil {
		return nil, fmt.Errorf("the list of the S3 store: %w", err)
	}
	b.found()
	return l, unescapeNames(l)
}

func unescapeNames(l *minio.ListBucketV2Result) (err error) {
	if l.EncodingType != "url" {
		return nil
	}
	for i := range l.Contents {
		if l.Contents[i].Key, err = url.QueryUnescape(l.Contents[i].Key); err != nil {
			return err
		}
	}
	for i := range l.CommonPrefixes {
		if l.CommonPrefixes[i].Prefix, err = url.QueryUnescape(l.CommonPrefixes[i].Prefix); err != nil {
			return err
		}
	}
	return nil
}
