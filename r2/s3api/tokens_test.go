package s3api

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"flint/internal/clock"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "tokens.json")
	c := clock.NewFrozen(noon)
	defer c.Close()
	fixed := Token{ID: "fixed", Secret: "s", Permission: AdminReadWrite}
	ours, theirs := OpenTokens(path, c, fixed), OpenTokens(path, c, fixed)
	made, err := ours.Create(Token{Name: "ci", Permission: ObjectRead, Buckets: []string{"media"}})
	must(t, err)
	if len(made.ID) != 32 || len(made.Secret) != 64 || strings.Trim(made.ID+made.Secret, "0123456789abcdef") != "" || !made.Created.Equal(noon) {
		t.Errorf("%+v", made)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if found, err := theirs.find(made.ID); err != nil || found == nil || found.Secret != made.Secret {
		t.Errorf("another process sees %+v, %v", found, err)
	}
	if found, err := theirs.find("fixed"); err != nil || found == nil {
		t.Errorf("%+v, %v", found, err)
	}
	for _, wrong := range []Token{{Name: "ci", Permission: ObjectRead}, {Permission: "wat"}, {Permission: AdminRead, Buckets: []string{"media"}}} {
		if _, err := ours.Create(wrong); err == nil {
			t.Errorf("%+v was made", wrong)
		}
	}
	must(t, theirs.Delete("ci"))
	if found, err := ours.find(made.ID); err != nil || found != nil {
		t.Errorf("after the deletion: %+v, %v", found, err)
	}
	if err := ours.Delete("ci"); !errors.Is(err, ErrNoSuchToken) {
		t.Error(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := OpenTokens(path, c).Create(Token{Permission: AdminRead}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, err := ours.List(); err != nil || len(list) != 9 {
		t.Errorf("%d tokens, %v", len(list), err)
	}
	must(t, os.WriteFile(path, []byte("{"), 0o600))
	if _, err := ours.List(); err == nil || !strings.Contains(err.Error(), "delete it and make new tokens") {
		t.Error(err)
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	f := newFrozen(t)
	must(t, two(f.store.Bucket("other")))
	want(t, f.do("PUT", "/media/k", "x"), 200, "")
	want(t, f.do("PUT", "/other/k", "x"), 200, "")
	asks := []struct {
		method, path string
		headers      []string
	}{
		{"GET", "/media/k", nil}, {"GET", "/media?list-type=2", nil}, {"PUT", "/media/n", nil}, {"DELETE", "/media/n", nil},
		{"GET", "/", nil}, {"PUT", "/brand-new", nil}, {"GET", "/other/k", nil}, {"PUT", "/media/n", []string{"X-Amz-Copy-Source", "other/k"}},
	}
	for _, c := range []struct {
		permission Permission
		buckets    []string
		allowed    string // a letter for each of asks
	}{
		{AdminReadWrite, nil, "yyyyyyyy"}, {AdminRead, nil, "yynnynyn"}, {ObjectReadWrite, nil, "yyyynnyy"}, {ObjectRead, nil, "yynnnnyn"},
		{ObjectReadWrite, []string{"media"}, "yyyynnnn"}, {ObjectRead, []string{"media", "more"}, "yynnnnnn"},
	} {
		token, err := f.tokens.Create(Token{Permission: c.permission, Buckets: c.buckets})
		must(t, err)
		as := *f
		as.token = token
		for i, ask := range asks {
			res := as.do(ask.method, ask.path, "", ask.headers...)
			if denied := strings.Contains(want(t, res, res.StatusCode, ""), "<Code>AccessDenied</Code>") && res.StatusCode == 403; denied != (c.allowed[i] == 'n') {
				t.Errorf("%s %v: %s %s: %d", c.permission, c.buckets, ask.method, ask.path, res.StatusCode)
			}
		}
	}
	if res := f.do("HEAD", "/nothing/k", ""); res.StatusCode != 404 {
		t.Error(res.StatusCode)
	}
}
