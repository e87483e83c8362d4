package inference

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"flint/internal/cferr"
)

type searchTask struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

type searchProperty struct {
	PropertyID string `json:"property_id"`
	Value      string `json:"value"`
}

// SearchModel is a model as the API lists it.
type SearchModel struct {
	ID          string           `json:"id"`
	Source      int              `json:"source"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Task        searchTask       `json:"task"`
	Tags        []string         `json:"tags"`
	Properties  []searchProperty `json:"properties"`
}

const (
	defaultPerPage = 50
	maxPerPage     = 1000
)

// SearchModels lists models as GET /ai/models/search does: parameters search, task,
// author, source (1 is Workers AI's own catalogue, the only one), hide_experimental
// (leaves out beta models), page and per_page.
func SearchModels(q url.Values) ([]SearchModel, cferr.Info, error) {
	c, err := LoadCatalogue()
	if err != nil {
		return nil, nil, err
	}
	page, perPage := positive(q.Get("page"), 1), min(positive(q.Get("per_page"), defaultPerPage), maxPerPage)
	found := []SearchModel{}
	total := 0
	for _, model := range c.Models {
		if !c.matches(model, q) {
			continue
		}
		total++
		if (total-1)/perPage == page-1 {
			found = append(found, c.describe(model))
		}
	}
	return found, cferr.Info{"count": len(found), "page": page, "per_page": perPage, "total_count": total}, nil
}

func (c *Catalogue) matches(model *Model, q url.Values) bool {
	name := strings.ToLower(model.Name)
	if s := strings.ToLower(q.Get("search")); s != "" && !strings.Contains(name, s) {
		return false
	}
	if t := q.Get("task"); t != "" && !strings.EqualFold(t, model.Task) && t != c.taskIDs[model.Task] {
		return false
	}
	if q.Get("hide_experimental") == "true" && model.Properties["beta"] == "true" {
		return false
	}
	if source := q.Get("source"); source != "" && source != "1" {
		return false
	}
	author := strings.ToLower(q.Get("author"))
	return author == "" || strings.Contains(name, "/"+author+"/")
}

func (c *Catalogue) describe(model *Model) SearchModel {
	m := SearchModel{
		ID: StableUUID("model " + model.Name), Source: 1, Name: model.Name, Description: "Answered by flint, offline.",
		Task: searchTask{ID: c.taskIDs[model.Task], Name: model.Task}, Tags: []string{}, Properties: []searchProperty{},
	}
	for _, name := range slices.Sorted(maps.Keys(model.Properties)) {
		m.Properties = append(m.Properties, searchProperty{name, model.Properties[name]})
	}
	if model.Dims > 0 {
		m.Properties = append(m.Properties, searchProperty{"output_dimensions", strconv.Itoa(model.Dims)})
	}
	return m
}

// positive parses a positive whole number; anything else is fallback.
func positive(s string, fallback int) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return n
	}
	return fallback
}
