package ai

import (
	"net/url"
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

type searchModel struct {
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

// search lists models as GET /ai/models/search does: parameters search, task,
// author, page and per_page.
func search(q url.Values) ([]searchModel, cferr.Info, error) {
	c, err := catalogue()
	if err != nil {
		return nil, nil, err
	}
	page, perPage := positive(q.Get("page"), 1), min(positive(q.Get("per_page"), defaultPerPage), maxPerPage)
	found := []searchModel{}
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
	if t := q.Get("task"); t != "" && !strings.EqualFold(t, model.Task) && t != c.tasks[model.Task] {
		return false
	}
	author := strings.ToLower(q.Get("author"))
	return author == "" || strings.Contains(name, "/"+author+"/")
}

func (c *Catalogue) describe(model *Model) searchModel {
	description := "Known to flint since " + c.AsOf + "; not served yet."
	if model.Shape != "" {
		description = "Answered by flint, offline."
	}
	m := searchModel{
		ID: stableUUID("model " + model.Name), Source: 1, Name: model.Name, Description: description,
		Task: searchTask{ID: c.tasks[model.Task], Name: model.Task}, Tags: []string{}, Properties: []searchProperty{},
	}
	if model.Dims > 0 {
		m.Properties = append(m.Properties, searchProperty{"output_dimensions", strconv.Itoa(model.Dims)})
	}
	return m
}

// positive reads a positive whole number, or gives otherwise.
func positive(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return n
	}
	return otherwise
}
