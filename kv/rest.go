package kv

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
)

// REST serves the KV part of Cloudflare's REST API.
//
// https://developers.cloudflare.com/api/resources/kv/
type REST struct {
	store *Store
	log   *slog.Logger
}

// NewREST serves the namespaces of store.
func NewREST(store *Store, log *slog.Logger) *REST { return &REST{store, log} }

// Routes adds the routes below an account to r, whose paths must be matched
// encoded.
func (a *REST) Routes(r *mux.Router) {
	const all, one = "/storage/kv/namespaces", "/storage/kv/namespaces/{namespace}"
	add := func(method, path, verb string, h func(http.ResponseWriter, *http.Request) error) {
		r.HandleFunc(path, a.handle(verb, h)).Methods(method)
	}
	add("GET", all, "list namespaces", a.listNamespaces)
	add("POST", all, "create namespace", a.createNamespace)
	add("GET", one, "get namespace", a.getNamespace)
	add("PUT", one, "rename namespace", a.renameNamespace)
	add("DELETE", one, "remove namespace", a.deleteNamespace)
	add("GET", one+"/keys", "list keys", a.withNamespace(a.listKeys))
	add("GET", one+"/values/{key:.*}", "get", a.withNamespace(a.getValue))
	add("PUT", one+"/values/{key:.*}", "put", a.withNamespace(a.putValue))
	add("DELETE", one+"/values/{key:.*}", "remove key", a.withNamespace(a.deleteValue))
	add("GET", one+"/metadata/{key:.*}", "get metadata", a.withNamespace(a.getMetadata))
	add("PUT", one+"/bulk", "bulk put", a.withNamespace(a.putBulk))
	add("DELETE", one+"/bulk", "bulk remove", a.withNamespace(a.deleteBulk))
	add("POST", one+"/bulk/delete", "bulk remove", a.withNamespace(a.deleteBulk))
	add("POST", one+"/bulk/get", "bulk get keys", a.withNamespace(a.getBulk))
}

// handle answers errors as Cloudflare does: verb: 'what is wrong'.
func (a *REST) handle(verb string, h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		// A client that is still sending would not see the answer.
		_, _ = io.CopyN(io.Discard, r.Body, maxMeasuredBytes)
		e := cferr.From(err)
		if e == cferr.Internal {
			a.log.Error("a KV request failed", "request", verb, "error", err)
			cferr.WriteError(w, err)
			return
		}
		cferr.WriteError(w, cferr.New(e.Status, e.Code, fmt.Sprintf("%s: '%s'", verb, e.Message)))
	}
}

// withNamespace finds the namespace of a request.
func (a *REST) withNamespace(h func(http.ResponseWriter, *http.Request, *Namespace) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		info, err := a.lookup(r)
		if err != nil {
			return err
		}
		ns, err := a.store.Namespace(info.ID)
		if err != nil {
			return err
		}
		return h(w, r, ns)
	}
}

func (a *REST) lookup(r *http.Request) (Info, error) {
	id, err := pathVar(r, "namespace")
	if err != nil {
		return Info{}, err
	}
	return a.store.Lookup(r.Context(), id)
}

// pathVar is a part of the path, which clients send encoded.
func pathVar(r *http.Request, name string) (string, error) {
	v, err := url.PathUnescape(mux.Vars(r)[name])
	if err != nil {
		return "", errKeyEncoding
	}
	return v, nil
}

// keyInfo is a key as the REST API lists it.
type keyInfo struct {
	Name       string `json:"name"`
	Expiration int64  `json:"expiration,omitempty"`
	Metadata   any    `json:"metadata,omitempty"`
}

func (a *REST) listKeys(w http.ResponseWriter, r *http.Request, ns *Namespace) error {
	q := r.URL.Query()
	limit, err := parseLimit(q.Get("limit"))
	if err != nil {
		return err
	}
	if limit != 0 && limit < minRESTListKeys {
		return errOption("Invalid limit of %d. Please specify an integer of at least %d.", limit, minRESTListKeys)
	}
	page, err := ns.List(r.Context(), ListOptions{Prefix: q.Get("prefix"), Cursor: q.Get("cursor"), Limit: limit})
	if err != nil {
		return err
	}
	keys := make([]keyInfo, len(page.Keys))
	for i, k := range page.Keys {
		keys[i] = keyInfo{Name: k.Name, Expiration: k.Expiration}
		if k.Metadata != nil {
			keys[i].Metadata = k.Metadata
		}
	}
	cferr.WriteResult(w, keys, cferr.Info{"count": len(keys), "cursor": page.Cursor})
	return nil
}

func (a *REST) entry(r *http.Request, ns *Namespace) (Entry, error) {
	key, err := pathVar(r, "key")
	if err != nil {
		return Entry{}, err
	}
	return ns.Get(r.Context(), key, GetOptions{})
}

func (a *REST) getValue(w http.ResponseWriter, r *http.Request, ns *Namespace) error {
	e, err := a.entry(r, ns)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(e.Value)))
	h.Set("X-Content-Type-Options", "nosniff")
	if e.Expiration != 0 {
		h.Set("Expiration", strconv.FormatInt(e.Expiration, 10))
	}
	_, _ = w.Write(e.Value) // it fails only when the client has closed the connection
	return nil
}

func (a *REST) getMetadata(w http.ResponseWriter, r *http.Request, ns *Namespace) error {
	e, err := a.entry(r, ns)
	if err != nil {
		return err
	}
	cferr.WriteResult(w, e.Metadata, nil)
	return nil
}

func (a *REST) deleteValue(w http.ResponseWriter, r *http.Request, ns *Namespace) error {
	key, err := pathVar(r, "key")
	if err != nil {
		return err
	}
	if err := ns.Delete(r.Context(), key); err != nil {
		return err
	}
	cferr.WriteResult(w, struct{}{}, nil)
	return nil
}

func (a *REST) putValue(w http.ResponseWriter, r *http.Request, ns *Namespace) error {
	key, err := pathVar(r, "key")
	if err != nil {
		return err
	}
	var o PutOptions
	q := r.URL.Query()
	if err := parseExpiry(q.Get("expiration"), q.Get("expiration_ttl"), &o); err != nil {
		return err
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		err = putForm(r, ns, key, o)
	} else {
		err = ns.PutStream(r.Context(), key, r.Body, r.ContentLength, o)
	}
	if err != nil {
		return err
	}
	cferr.WriteResult(w, struct{}{}, nil)
	return nil
}

// putForm stores the parts value and metadata of a form.
func putForm(r *http.Request, ns *Namespace, key string, o PutOptions) error {
	form, err := r.MultipartReader()
	if err != nil {
		return errOption("The form cannot be read: %s", err)
	}
	var value []byte
	for range maxMultipartParts {
		part, err := form.NextPart()
		if err == io.EOF { //nolint:errorlint // a form that is cut off gives a wrapped one
			break
		}
		if err != nil {
			return errOption("The form cannot be read: %s", err)
		}
		switch part.FormName() {
		case "value":
			value, err = readPart(part, MaxValueBytes, errLongValue)
		case "metadata":
			o.Metadata, err = readPart(part, maxSmallBody, func(n int64) error { return errLongMetadata(int(n)) })
		}
		if err != nil {
			return err
		}
	}
	if value == nil {
		return errOption("The form has no field %q", "value")
	}
	return ns.Put(r.Context(), key, value, o)
}

// readPart reads a part of a form, which is never nil unless there is an error.
func readPart(part io.Reader, limit int64, long func(int64) error) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, errOption("The form cannot be read: %s", err)
	}
	if int64(len(b)) > limit {
		rest, _ := io.Copy(io.Discard, io.LimitReader(part, maxMeasuredBytes))
		return nil, long(int64(len(b)) + rest)
	}
	return b, nil
}

// bulkPair is one pair of a bulk write.
type bulkPair struct {
	Key           *string         `json:"key"`
	Value         *string         `json:"value"`
	Base64        bool            `json:"base64"`
	Expiration    *int64          `json:"expiration"`
	ExpirationTTL *int64          `json:"expiration_ttl"`
	Metadata      json.RawMessage `json:"metadata"`
}

func (p bulkPair) pair() (Pair, error) {
	if p.Key == nil || p.Value == nil {
		return Pair{}, errOption("Every pair needs a key and a value")
	}
	value := []byte(*p.Value)
	if p.Base64 {
		decoded, err := base64.StdEncoding.DecodeString(*p.Value)
		if err != nil {
			return Pair{}, errOption("The value of %q is not base64", *p.Key)
		}
		value = decoded
	}
	o := PutOptions{Expiration: p.Expiration, ExpirationTTL: p.ExpirationTTL, Metadata: p.Metadata}
	return Pair{*p.Key, value, o}, nil
}

func (a *REST) putBulk(w http.ResponseWriter, r *http.Request, ns *Namespace) error {
	var body []bulkPair
	if err := readJSON(r.Body, MaxBulkBody, &body); err != nil {
		return err
	}
	pairs := make([]Pair, len(body))
	for i, p := range body {
		var err error
		if pairs[i], err = p.pair(); err != nil {
			return err
		}
	}
	if err := ns.PutBulk(r.Context(), pairs); err != nil {
		return err
	}
	writeBulkResult(w, len(pairs))
	return nil
}

func (a *REST) deleteBulk(w http.ResponseWriter, r *http.Request, ns *Namespace) error {
	var keys []string
	if err := readJSON(r.Body, maxBulkKeysBody, &keys); err != nil {
		return err
	}
	if err := ns.DeleteBulk(r.Context(), keys); err != nil {
		return err
	}
	writeBulkResult(w, len(keys))
	return nil
}

func writeBulkResult(w http.ResponseWriter, n int) {
	cferr.WriteResult(w, map[string]any{"successful_key_count": n, "unsuccessful_keys": []string{}}, nil)
}

func (a *REST) getBulk(w http.ResponseWriter, r *http.Request, ns *Namespace) error {
	keys, o, withMetadata, err := readBulkGet(r.Body)
	if err != nil {
		return err
	}
	found, err := ns.GetBulk(r.Context(), keys, o)
	if err != nil {
		return err
	}
	values := bulkValues(keys, found, o.Type, func(e Entry, value any) any {
		if !withMetadata {
			return value
		}
		shown := map[string]any{"value": value, "metadata": e.Metadata}
		if e.Expiration != 0 {
			shown["expiration"] = e.Expiration
		}
		return shown
	})
	cferr.WriteResult(w, map[string]any{"values": values}, nil)
	return nil
}
