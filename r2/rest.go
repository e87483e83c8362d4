package r2

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
)

// REST is Cloudflare's REST API of R2.
// https://developers.cloudflare.com/api/resources/r2/
type REST struct {
	store *Store
	log   *slog.Logger
}

// NewREST serves the buckets of store.
func NewREST(store *Store, log *slog.Logger) *REST { return &REST{store, log} }

// Routes adds the routes below /accounts/{account}. The router must use
// encoded paths, and must not clean them: keys may hold "//" and "..".
func (a *REST) Routes(r *mux.Router) {
	routes := []restRoute{
		{"GET", "/r2/buckets", a.listBuckets},
		{"POST", "/r2/buckets", a.createBucket},
		{"GET", "/r2/buckets/{bucket}", a.getBucket},
		{"PATCH", "/r2/buckets/{bucket}", a.patchBucket},
		{"DELETE", "/r2/buckets/{bucket}", a.deleteBucket},
		{"GET", "/r2/buckets/{bucket}/_flint/usage", a.getUsage},
		{"POST", "/r2/buckets/{bucket}/_flint/copy/{key:.*}", a.copyObject},
		{"GET", "/r2/buckets/{bucket}/objects", a.listObjects},
		{"DELETE", "/r2/buckets/{bucket}/objects", a.deleteObjects},
		{"GET", "/r2/buckets/{bucket}/objects/{key:.*}", a.getObject},
		{"HEAD", "/r2/buckets/{bucket}/objects/{key:.*}", a.getObject},
		{"PUT", "/r2/buckets/{bucket}/objects/{key:.*}", a.putObject},
		{"DELETE", "/r2/buckets/{bucket}/objects/{key:.*}", a.deleteObject},
	}
	for _, route := range append(routes, a.rulesRoutes()...) {
		r.HandleFunc(route.path, a.handler(route.serve)).Methods(route.method)
	}
	a.multipartRoutes(r)
}

type restRoute struct {
	method, path string
	serve        func(http.ResponseWriter, *http.Request) error
}

func (a *REST) handler(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := serve(w, r)
		if err == nil {
			return
		}
		var known *cferr.Error
		if !errors.As(err, &known) && r.Context().Err() == nil {
			a.log.Error("r2: a REST call failed", "method", r.Method, "path", r.URL.Path, "error", err)
		}
		cferr.WriteError(w, err)
	}
}

// bucketJSON is a bucket in the API's words.
type bucketJSON struct {
	Name         string `json:"name"`
	Created      string `json:"creation_date"`
	Location     string `json:"location,omitempty"`
	StorageClass string `json:"storage_class"`
	Jurisdiction string `json:"jurisdiction"`
}

const isoMillis = "2006-01-02T15:04:05.000Z"

func describeBucket(info BucketInfo) bucketJSON {
	return bucketJSON{info.Name, info.Created.Format(isoMillis), info.Location, info.StorageClass, "default"}
}

func (a *REST) listBuckets(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	perPage, err := perPage(q, 20)
	if err != nil {
		return err
	}
	infos, err := a.store.Buckets()
	if err != nil {
		return err
	}
	after := max(q.Get("start_after"), q.Get("cursor"))
	desc := q.Get("direction") == "desc"
	if desc {
		slices.Reverse(infos)
	}
	found, cursor := []bucketJSON{}, ""
	for _, info := range infos {
		switch {
		case !strings.Contains(info.Name, q.Get("name_contains")):
		case after != "" && (desc && info.Name >= after || !desc && info.Name <= after):
		case len(found) == perPage:
			cursor = found[perPage-1].Name
		default:
			found = append(found, describeBucket(info))
		}
	}
	page := cferr.Info{"per_page": perPage}
	if cursor != "" {
		page["cursor"] = cursor
	}
	cferr.WriteResult(w, map[string]any{"buckets": found}, page)
	return nil
}

func perPage(q url.Values, def int) (int, error) {
	text := q.Get("per_page")
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxListKeys {
		return 0, errInvalidPerPage
	}
	return n, nil
}

func (a *REST) createBucket(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name         string `json:"name"`
		LocationHint string `json:"locationHint"`
		StorageClass string `json:"storageClass"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, maxRESTBody)).Decode(&in); err != nil || in.Name == "" {
		return errInvalidBucketJSON
	}
	b, err := a.store.Create(BucketInfo{Name: in.Name, Location: in.LocationHint, StorageClass: in.StorageClass})
	if err != nil {
		return err
	}
	return writeBucket(w, b)
}

func writeBucket(w http.ResponseWriter, b *Bucket) error {
	info, err := b.Info()
	if err != nil {
		return err
	}
	cferr.WriteResult(w, describeBucket(info), nil)
	return nil
}

func (a *REST) bucket(r *http.Request) (*Bucket, error) {
	return a.store.Lookup(mux.Vars(r)["bucket"])
}

func (a *REST) getBucket(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	return writeBucket(w, b)
}

func (a *REST) patchBucket(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	if err := b.SetStorageClass(r.Header.Get(headerClass)); err != nil {
		return err
	}
	return writeBucket(w, b)
}

func (a *REST) deleteBucket(w http.ResponseWriter, r *http.Request) error {
	if err := a.store.Delete(mux.Vars(r)["bucket"]); err != nil {
		return err
	}
	cferr.WriteResult(w, struct{}{}, nil)
	return nil
}

// objectJSON is an object in the API's words.
type objectJSON struct {
	Key          string            `json:"key"`
	Size         int64             `json:"size"`
	ETag         string            `json:"etag"`
	LastModified string            `json:"last_modified"`
	HTTP         httpJSON          `json:"http_metadata"`
	Custom       map[string]string `json:"custom_metadata"`
	StorageClass string            `json:"storage_class"`
}

// httpJSON writes the expiry as a date.
type httpJSON struct {
	HTTPMetadata
	CacheExpiry string `json:"cacheExpiry,omitempty"` // hides the embedded one
}

func describeObject(o *Object) objectJSON {
	out := objectJSON{o.Key, o.Size, o.ETag, o.Uploaded.Format(isoMillis), httpJSON{HTTPMetadata: o.HTTP}, map[string]string{}, o.StorageClass}
	if o.HTTP.CacheExpiry != nil {
		out.HTTP.CacheExpiry = time.UnixMilli(*o.HTTP.CacheExpiry).UTC().Format(isoMillis)
	}
	for _, f := range o.Custom {
		out.Custom[f.Name] = f.Value
	}
	return out
}
