package outbound

import (
	"fmt"
	"net/http"
	"strings"
)

// replay answers from a cassette and never connects. A request that was not
// recorded gets an error that names the nearest one that was.
func (g *Gate) replay(w http.ResponseWriter, r *http.Request, to target, c *cassette) {
	body, whole := peekBody(r)
	if !whole {
		reply(w, http.StatusRequestEntityTooLarge, "replay", fmt.Sprintf(replayLargeText, maxMatchBody))
		return
	}
	shown := fullURL(to, r)
	key := requestKey(r.Method, shown, r.Header.Get("Content-Type"), body)
	e, err := c.next(key)
	if err != nil {
		g.log.Error("outbound: replay failed", "error", err)
		reply(w, http.StatusBadGateway, "replay", fmt.Sprintf(replayBrokenText, c.name, err))
		return
	}
	if e == nil {
		reply(w, http.StatusBadGateway, "replay", c.missMessage(r.Method, shown, key, to))
		return
	}
	recorded, err := e.Response.body()
	if err != nil { // it was checked when the cassette was read
		reply(w, http.StatusBadGateway, "replay", fmt.Sprintf(replayBrokenText, c.name, err))
		return
	}
	for name, values := range e.Response.Headers {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	for _, name := range hopByHop {
		w.Header().Del(name)
	}
	w.WriteHeader(e.Response.Status)
	_, _ = w.Write(recorded) // the Worker is gone: nobody is left to tell
}

// missMessage says what is in the cassette that comes nearest, and how it differs.
func (c *cassette) missMessage(method, shown, key string, to target) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := fmt.Sprintf(replayMissText, method, redactURLs(shown), c.name)
	if len(c.file.Exchanges) == 0 {
		return text + fmt.Sprintf(replayEmptyText, to.name)
	}
	var best *exchange
	least := 0
	for _, e := range c.file.Exchanges {
		if d := requestDistance(key, e.key); best == nil || d < least {
			best, least = e, d
		}
	}
	return text + fmt.Sprintf(replayNearText, best.Request.Method, best.Request.URL, difference(key, best.key), to.name)
}

// requestDistance is how different two requests are: the method weighs most, then the
// path, then the query, then the body.
func requestDistance(a, b string) int {
	x, y := strings.SplitN(a, "\n", 3), strings.SplitN(b, "\n", 3)
	d := 0
	if x[0] != y[0] {
		d += 8000
	}
	pathX, queryX, _ := strings.Cut(x[1], "?")
	pathY, queryY, _ := strings.Cut(y[1], "?")
	if pathX != pathY {
		d += 4000 + textDistance(pathX, pathY)
	}
	if queryX != queryY {
		d += 1000 + textDistance(queryX, queryY)
	}
	if x[2] != y[2] {
		d += 500 + textDistance(x[2], y[2])
	}
	return d
}

// textDistance is how much of the longer text lies outside of what two texts share at
// both ends, in hundredths: cheap, and enough to order by.
func textDistance(a, b string) int {
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	longest := max(len(a), len(b))
	return (longest - start - end) * 100 / max(longest, 1)
}

// difference names the first part in which two requests differ.
func difference(asked, recorded string) string {
	x, y := strings.SplitN(asked, "\n", 3), strings.SplitN(recorded, "\n", 3)
	pathX, queryX, _ := strings.Cut(x[1], "?")
	pathY, queryY, _ := strings.Cut(y[1], "?")
	switch {
	case x[0] != y[0]:
		return "the method"
	case pathX != pathY:
		return "the path"
	case queryX != queryY:
		return fmt.Sprintf("the query (%s, recorded %s)", excerpt(queryX, queryY), excerpt(queryY, queryX))
	}
	return fmt.Sprintf("the body (%s, recorded %s)", excerpt(x[2], y[2]), excerpt(y[2], x[2]))
}

// excerpt is the part of text around its first difference from other.
func excerpt(text, other string) string {
	at := 0
	for at < min(len(text), len(other)) && text[at] == other[at] {
		at++
	}
	const around = 30
	from, to := max(0, at-around), min(len(text), at+around)
	out := strings.ToValidUTF8(text[from:to], "")
	if from > 0 {
		out = "…" + out
	}
	if to < len(text) {
		out += "…"
	}
	return fmt.Sprintf("%q", out)
}

// fullURL is the URL that the Worker fetched.
func fullURL(to target, r *http.Request) string {
	u := to.scheme + "://" + to.host + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		u += "?" + r.URL.RawQuery
	}
	return u
}
