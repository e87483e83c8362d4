package r2

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
	"flint/r2/driver"
)

// Headers that go with a put, beside those that R2 keeps.
const (
	headerCustom = "Cf-R2-Custom-Metadata" // flint's own: a JSON object of strings
	headerClass  = "Cf-R2-Storage-Class"
)

func (a *REST) listObjects(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	limit, err := perPage(q, MaxListKeys)
	if err != nil {
		return err
	}
	l, err := b.List(r.Context(), ListOptions{
		Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), Cursor: q.Get("cursor"), StartAfter: q.Get("start_after"),
		Limit: limit, IncludeHTTP: true, IncludeCustom: true,
	})
	if err != nil {
		return err
	}
	objects := make([]objectJSON, len(l.Objects))
	for i, o := range l.Objects {
		objects[i] = describeObject(o)
	}
	info := cferr.Info{"is_truncated": l.Truncated(), "per_page": limit, "delimited": append([]string{}, l.Prefixes...)}
	if l.Truncated() {
		info["cursor"] = l.Cursor
	}
	cferr.WriteResult(w, objects, info)
	return nil
}

// object finds the bucket and the key of a request. Clients may send slashes
// in keys as they are or as %2F.
func (a *REST) object(r *http.Request) (*Bucket, string, error) {
	key, err := url.PathUnescape(mux.Vars(r)["key"])
	if err != nil || key == "" {
		return nil, "", ErrInvalidObjectName
	}
	b, err := a.bucket(r)
	return b, key, err
}

func (a *REST) getObject(w http.ResponseWriter, r *http.Request) error {
	b, key, err := a.object(r)
	if err != nil {
		return err
	}
	if r.Header.Get("Cf-Metadata-Only") == "true" {
		o, err := b.Head(r.Context(), key)
		if err != nil {
			return err
		}
		cferr.WriteResult(w, describeObject(o), nil)
		return nil
	}
	_, err = serveObject(w, r, b, key)
	return err
}

func (a *REST) putObject(w http.ResponseWriter, r *http.Request) error {
	b, key, err := a.object(r)
	if err != nil {
		return err
	}
	custom, err := customFromHeader(r.Header.Get(headerCustom))
	if err != nil {
		return err
	}
	o, err := b.Put(r.Context(), key, r.Body, PutOptions{
		HTTP: httpFromHeader(r.Header), Custom: custom, StorageClass: r.Header.Get(headerClass), Size: r.ContentLength,
	})
	if err != nil {
		return err
	}
	writeStored(w, o)
	return nil
}

// writeStored tells what was stored.
func writeStored(w http.ResponseWriter, o *Object) {
	cferr.WriteResult(w, map[string]string{
		"key": o.Key, "size": strconv.FormatInt(o.Size, 10), "etag": o.ETag, "version": o.Version,
		"uploaded": o.Uploaded.Format(isoMillis), "storage_class": o.StorageClass,
	}, nil)
}

// httpFromHeader takes the headers that R2 keeps.
func httpFromHeader(h http.Header) HTTPMetadata {
	m := HTTPMetadata{
		ContentType: h.Get("Content-Type"), ContentLanguage: h.Get("Content-Language"),
		ContentDisposition: h.Get("Content-Disposition"), ContentEncoding: h.Get("Content-Encoding"),
		CacheControl: h.Get("Cache-Control"),
	}
	if t := driver.ParseHTTPTime(h.Get("Expires")); t != nil {
		ms := t.UnixMilli()
		m.CacheExpiry = &ms
	}
	return m
}

// customFromHeader reads custom metadata that came as a JSON object.
func customFromHeader(text string) ([]Field, error) {
	if text == "" {
		return nil, nil
	}
	var values map[string]string
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, errInvalidCustomJSON
	}
	var fields []Field
	for name, value := range values {
		fields = append(fields, Field{Name: name, Value: value})
	}
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return fields, nil
}

func (a *REST) deleteObject(w http.ResponseWriter, r *http.Request) error {
	b, key, err := a.object(r)
	if err != nil {
		return err
	}
	if err := b.Delete(r.Context(), key); err != nil {
		return err
	}
	cferr.WriteResult(w, map[string]string{"key": key}, nil)
	return nil
}

// deleteObjects takes a JSON array of keys.
func (a *REST) deleteObjects(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	var keys []string
	if err := json.NewDecoder(io.LimitReader(r.Body, maxRESTBody)).Decode(&keys); err != nil || len(keys) == 0 {
		return errInvalidKeyList
	}
	if err := b.Delete(r.Context(), keys...); err != nil {
		return err
	}
	deleted := make([]map[string]string, len(keys))
	for i, key := range keys {
		deleted[i] = map[string]string{"key": key}
	}
	cferr.WriteResult(w, deleted, nil)
	return nil
}

// copyObject copies an object within flint: {"bucket","key"} is the source, and
// with "replace" the headers are the metadata of the copy. Cloudflare's REST API
// has nothing for that, so the path is flint's.
func (a *REST) copyObject(w http.ResponseWriter, r *http.Request) error {
	b, key, err := a.object(r)
	if err != nil {
		return err
	}
	var in struct {
		Bucket, Key string
		Replace     bool
	}
	if err := decodeJSON(r, &in); err != nil {
		return errInvalidCopyJSON
	}
	src, err := a.store.Lookup(in.Bucket)
	if err != nil {
		return err
	}
	opts := CopyOptions{Replace: in.Replace, StorageClass: r.Header.Get(headerClass)}
	if in.Replace {
		opts.HTTP = httpFromHeader(r.Header)
		if opts.Custom, err = customFromHeader(r.Header.Get(headerCustom)); err != nil {
			return err
		}
	}
	if opts.StorageClass == "" {
		from, err := src.Head(r.Context(), in.Key)
		if err != nil {
			return err
		}
		opts.StorageClass = from.StorageClass
	}
	o, err := b.Copy(r.Context(), src, in.Key, key, opts)
	if err != nil {
		return err
	}
	cferr.WriteResult(w, describeObject(o), nil)
	return nil
}
