package s3api

import (
	"context"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"flint/r2"
)

// corsConfiguration is a bucket's CORS policy.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
type corsConfiguration struct {
	XMLName xml.Name   `xml:"CORSConfiguration"`
	NS      string     `xml:"xmlns,attr,omitempty"`
	Rules   []corsRule `xml:"CORSRule"`
}

type corsRule struct {
	ID      string   `xml:"ID,omitempty"`
	Origins []string `xml:"AllowedOrigin"`
	Methods []string `xml:"AllowedMethod"`
	Headers []string `xml:"AllowedHeader"`
	Expose  []string `xml:"ExposeHeader"`
	MaxAge  int      `xml:"MaxAgeSeconds,omitempty"`
}

func (q *request) getCORS(context.Context) error {
	b, err := q.open()
	if err != nil {
		return err
	}
	out := &corsConfiguration{NS: xmlns}
	for _, r := range b.CORS() {
		out.Rules = append(out.Rules, corsRule{r.ID, r.Allowed.Origins, r.Allowed.Methods, r.Allowed.Headers, r.ExposeHeaders, r.MaxAgeSeconds})
	}
	if out.Rules == nil {
		return errNoCORS
	}
	return writeXML(q, out)
}

func (q *request) putCORS(context.Context) error {
	var in corsConfiguration
	if err := q.readXML(&in); err != nil {
		return err
	}
	if len(in.Rules) == 0 {
		return errMalformedXML
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	if err := b.SetCORS(in.rules()); err != nil {
		return err
	}
	q.WriteHeader(http.StatusOK)
	return nil
}

func (c *corsConfiguration) rules() (rules []r2.CORSRule) {
	for _, r := range c.Rules {
		rules = append(rules, r2.CORSRule{
			ID: r.ID, Allowed: r2.CORSAllowed{Origins: r.Origins, Methods: r.Methods, Headers: r.Headers}, ExposeHeaders: r.Expose, MaxAgeSeconds: r.MaxAge,
		})
	}
	return rules
}

func (q *request) deleteCORS(context.Context) error {
	b, err := q.open()
	if err != nil {
		return err
	}
	if err := b.SetCORS(nil); err != nil {
		return err
	}
	q.WriteHeader(http.StatusNoContent)
	return nil
}

// preflight answers what a browser asks before a request. It is not signed: a
// bucket that is not there answers like one whose rules do not fit.
func (q *request) preflight() error {
	h := q.r.Header
	m := q.matchCORS(h.Get("Access-Control-Request-Method"), splitNames(h.Get("Access-Control-Request-Headers")))
	if m == nil {
		return errPreflight
	}
	q.setCORS(m)
	out := q.Header()
	out.Set("Access-Control-Allow-Methods", strings.Join(m.Methods, ", "))
	if len(m.Headers) > 0 {
		out.Set("Access-Control-Allow-Headers", strings.Join(m.Headers, ", "))
	}
	if m.MaxAge > 0 {
		out.Set("Access-Control-Max-Age", strconv.Itoa(m.MaxAge))
	}
	q.WriteHeader(http.StatusNoContent)
	return nil
}

// crossOrigin lets the page that asks read the answer, if a rule says so.
func (q *request) crossOrigin() {
	if m := q.matchCORS(q.r.Method, nil); m != nil {
		q.setCORS(m)
	}
}

func (q *request) matchCORS(method string, headers []string) *r2.CORSMatch {
	origin := q.r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	b, err := q.open()
	if err != nil {
		return nil
	}
	return b.MatchCORS(origin, method, headers)
}

func (q *request) setCORS(m *r2.CORSMatch) {
	h := q.Header()
	h.Set("Access-Control-Allow-Origin", m.Origin)
	h.Add("Vary", "Origin")
	if len(m.Expose) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(m.Expose, ", "))
	}
}

// splitNames reads a list of names with commas.
func splitNames(list string) (names []string) {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
