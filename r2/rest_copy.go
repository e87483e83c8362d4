package r2

import (
	"net/http"

	"flint/internal/cferr"
)

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
