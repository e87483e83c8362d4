package kv

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"flint/internal/cferr"
)

// namespaceInfo is a namespace as the REST API shows it.
type namespaceInfo struct {
	Info
	SupportsURLEncoding bool `json:"supports_url_encoding"`
}

func namespaceInfoOf(i Info) namespaceInfo { return namespaceInfo{i, true} }

func (a *REST) listNamespaces(w http.ResponseWriter, r *http.Request) error {
	page, err := positive(r, "page", 1, 1<<30)
	if err != nil {
		return err
	}
	perPage, err := positive(r, "per_page", defaultPerPage, maxPerPage)
	if err != nil {
		return err
	}
	all, err := a.store.List(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	if q.Get("order") == "title" {
		slices.SortStableFunc(all, func(x, y Info) int { return cmp.Compare(x.Title, y.Title) })
	}
	if q.Get("direction") == "desc" {
		slices.Reverse(all)
	}
	total := len(all)
	from := min((page-1)*perPage, total)
	result := []namespaceInfo{}
	for _, i := range all[from:min(from+perPage, total)] {
		result = append(result, namespaceInfoOf(i))
	}
	cferr.WriteResult(w, result, cferr.Info{
		"page": page, "per_page": perPage, "count": len(result),
		"total_count": total, "total_pages": (total + perPage - 1) / perPage,
	})
	return nil
}

// positive reads a number of the query from 1 to most.
func positive(r *http.Request, name string, otherwise, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, errOption("Invalid %s of %s. Please specify an integer from 1 to %d.", name, text, most)
	}
	return n, nil
}

func readTitle(r *http.Request) (string, error) {
	var body struct {
		Title string `json:"title"`
	}
	err := readJSON(r.Body, maxSmallBody, &body)
	return body.Title, err
}

func (a *REST) createNamespace(w http.ResponseWriter, r *http.Request) error {
	title, err := readTitle(r)
	if err != nil {
		return err
	}
	info, err := a.store.Create(r.Context(), title)
	if err != nil {
		return err
	}
	cferr.WriteResult(w, namespaceInfoOf(info), nil)
	return nil
}

func (a *REST) getNamespace(w http.ResponseWriter, r *http.Request) error {
	info, err := a.lookup(r)
	if err != nil {
		return err
	}
	cferr.WriteResult(w, namespaceInfoOf(info), nil)
	return nil
}

func (a *REST) renameNamespace(w http.ResponseWriter, r *http.Request) error {
	old, err := a.lookup(r)
	if err != nil {
		return err
	}
	title, err := readTitle(r)
	if err != nil {
		return err
	}
	info, err := a.store.Rename(r.Context(), old.ID, title)
	if err != nil {
		return err
	}
	cferr.WriteResult(w, namespaceInfoOf(info), nil)
	return nil
}

func (a *REST) deleteNamespace(w http.ResponseWriter, r *http.Request) error {
	info, err := a.lookup(r)
	if err != nil {
		return err
	}
	if err := a.store.Delete(r.Context(), info.ID); err != nil {
		return err
	}
	cferr.WriteResult(w, struct{}{}, nil)
	return nil
}
