package assets

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	headersFile   = "_headers"
	redirectsFile = "_redirects"
	ignoreFile    = ".assetsignore"
)

var ruleFiles = [...]string{headersFile, redirectsFile, ignoreFile}

// rules are what the three rule files say at one moment.
type rules struct {
	checked   time.Time
	infos     [len(ruleFiles)]fs.FileInfo // nil for a file that is not there
	settled   bool
	headers   []headerRule
	redirects redirects
	ignore    ignore
}

// currentRules reads the rule files again when they have changed. It looks at
// most every rulesAge.
func (a *Assets) currentRules() *rules {
	now := a.real.Now()
	old := a.rules.Load()
	if old != nil && now.Sub(old.checked) < rulesAge {
		return old
	}
	infos := a.ruleInfos()
	if old != nil && old.settled && sameInfos(old.infos, infos) {
		next := *old
		next.checked = now
		a.rules.Store(&next)
		return &next
	}
	next := a.readRules()
	next.checked, next.infos, next.settled = now, infos, true
	for _, info := range infos {
		if info != nil && !a.files.isSettled(info) {
			next.settled = false
		}
	}
	a.rules.Store(next)
	return next
}

func (a *Assets) ruleInfos() (infos [len(ruleFiles)]fs.FileInfo) {
	for i, name := range ruleFiles {
		if info, err := os.Stat(a.files.full(name)); err == nil {
			infos[i] = info
		}
	}
	return infos
}

func sameInfos(a, b [len(ruleFiles)]fs.FileInfo) bool {
	for i := range a {
		if (a[i] == nil) != (b[i] == nil) || a[i] != nil && !same(a[i], b[i]) {
			return false
		}
	}
	return true
}

func (a *Assets) readRules() *rules {
	r := &rules{}
	text, ok := a.readRuleFile(ignoreFile)
	r.ignore = newIgnore(text, ok, a.opt.Pages)
	if text, ok = a.readRuleFile(headersFile); ok {
		var wrong []problem
		r.headers, wrong = parseHeaders(text)
		a.report(headersFile, wrong)
	}
	if text, ok = a.readRuleFile(redirectsFile); ok {
		var wrong []problem
		r.redirects, wrong = parseRedirects(text, a.opt.HTMLHandling != htmlNone || a.opt.Pages)
		a.report(redirectsFile, wrong)
	}
	return r
}

func (a *Assets) readRuleFile(name string) (string, bool) {
	f, err := os.OpenInRoot(a.opt.Dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	var data []byte
	if err == nil {
		defer f.Close()
		data, err = io.ReadAll(io.LimitReader(f, maxConfigFile))
	}
	if err != nil {
		a.log.Error("read rules of assets", "file", filepath.Join(a.opt.Dir, name), "error", err)
		return "", false
	}
	return string(data), true
}

// problem is a line of a rule file that is not followed.
type problem struct {
	line    int // 0 when it is about the whole file
	text    string
	message string
}

func (a *Assets) report(name string, wrong []problem) {
	for _, p := range wrong {
		a.log.Warn("Invalid rule in "+name+": "+p.message, "line", p.line, "text", p.text)
	}
}

var hasPort = regexp.MustCompile(`:\d+$`)

// ruleURL checks the path or URL at the head of a rule and brings it into the
// form in which it is compared. With keepRest it is a target: ports are allowed
// and what follows the path is kept.
func ruleURL(token string, onlyRelative, keepRest bool) (string, string) {
	if rest, ok := strings.CutPrefix(token, "https://"); ok {
		rest = strings.TrimLeft(rest, "/")
		host, path, _ := strings.Cut(rest, "/")
		if host != "" {
			if onlyRelative {
				return "", sprintf(msgAbsoluteURL, token)
			}
			if !keepRest && hasPort.MatchString(host) {
				return "", sprintf(msgPort, token)
			}
			return "https://" + host + rulePath("/"+path, keepRest), ""
		}
	}
	if onlyRelative && !strings.HasPrefix(token, "/") {
		token = "/" + token
	}
	if strings.HasPrefix(token, "/") {
		return rulePath(token, keepRest), ""
	}
	if onlyRelative {
		return "", msgSlash
	}
	return "", msgSlashOrHTTPS
}

// rulePath normalizes a path. What follows it (query and fragment) is kept for
// the target of a redirect and dropped elsewhere.
func rulePath(p string, keepRest bool) string {
	rest := ""
	if i := strings.IndexAny(p, "?#"); i >= 0 {
		p, rest = p[:i], p[i:]
	}
	if !keepRest {
		rest = ""
	}
	return normalizePath(p) + rest
}

// finishHeaders applies _headers and, for Pages, its own headers.
func (q *request) finishHeaders(h http.Header, status int) {
	if q.a.opt.Pages {
		pagesHeaders(h)
	}
	if len(q.rules.headers) > 0 {
		applyHeaders(q.rules.headers, q, h)
	}
	if q.a.opt.Pages && status == http.StatusNotFound {
		h["Cache-Control"] = []string{"no-store"} // a cached 404 would be hard to get rid of
	}
}
