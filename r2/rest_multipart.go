package r2

import (
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
	"flint/r2/driver"
)

// multipartRoutes lets flint's own command upload in parts what is too large
// for one put. Cloudflare's REST API has nothing for that, so the paths are
// flint's.
func (a *REST) multipartRoutes(r *mux.Router) {
	const path = "/r2/buckets/{bucket}/_flint/multipart/{key:.*}"
	r.HandleFunc(path, a.handler(a.uploadPart)).Methods(http.MethodPut).Queries("upload_id", "{id}")
	r.HandleFunc(path, a.handler(a.completeMultipart)).Methods(http.MethodPost).Queries("upload_id", "{id}")
	r.HandleFunc(path, a.handler(a.abortMultipart)).Methods(http.MethodDelete).Queries("upload_id", "{id}")
	r.HandleFunc(path, a.handler(a.createMultipart)).Methods(http.MethodPost)
}

func (a *REST) createMultipart(w http.ResponseWriter, r *http.Request) error {
	b, key, err := a.object(r)
	if err != nil {
		return err
	}
	custom, err := customFromHeader(r.Header.Get(headerCustom))
	if err != nil {
		return err
	}
	id, err := b.CreateMultipart(r.Context(), key, MultipartOptions{
		HTTP: httpFromHeader(r.Header), Custom: custom, StorageClass: r.Header.Get(headerClass),
	})
	if err != nil {
		return err
	}
	cferr.WriteResult(w, map[string]string{"upload_id": id}, nil)
	return nil
}

func (a *REST) uploadPart(w http.ResponseWriter, r *http.Request) error {
	b, key, err := a.object(r)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(r.URL.Query().Get("part"))
	if err != nil {
		return driver.ErrInvalidPartNumber
	}
	etag, err := b.UploadPart(r.Context(), key, mux.Vars(r)["id"], number, r.Body, r.ContentLength)
	if err != nil {
		return err
	}
	cferr.WriteResult(w, partJSON{number, etag}, nil)
	return nil
}

// partJSON names an uploaded part.
type partJSON struct {
	Part int    `json:"part"`
	ETag string `json:"etag"`
}

func (a *REST) completeMultipart(w http.ResponseWriter, r *http.Request) error {
	b, key, err := a.object(r)
	if err != nil {
		return err
	}
	var in []partJSON
	if err := decodeJSON(r, &in); err != nil {
		return errInvalidParts
	}
	parts := make([]Part, len(in))
	for i, p := range in {
		parts[i] = Part{Number: p.Part, ETag: p.ETag}
	}
	o, err := b.CompleteMultipart(r.Context(), key, mux.Vars(r)["id"], parts)
	if err != nil {
		return err
	}
	writeStored(w, o)
	return nil
}

func (a *REST) abortMultipart(w http.ResponseWriter, r *http.Request) error {
	b, key, err := a.object(r)
	if err != nil {
		return err
	}
	if err := b.AbortMultipart(r.Context(), key, mux.Vars(r)["id"]); err != nil {
		return err
	}
	cferr.WriteResult(w, struct{}{}, nil)
	return nil
}
