package r2test

import (
	"slices"
	"time"

	"flint/r2"
)

const day = 24 * time.Hour

func aged(d time.Duration) *r2.LifecycleTransition {
	return &r2.LifecycleTransition{Condition: r2.LifecycleCondition{Type: r2.ConditionAge, MaxAge: d}}
}

// lifecycle deletes, moves and aborts on flint's clock.
func lifecycle(p *place) {
	p.put("logs/a.txt", "x")
	p.put("logs/odd name", "x")
	kept := p.put("keep.txt", "content")
	p.advance(day)
	p.put("logs/young.txt", "x")
	old := p.upload("up", r2.MultipartOptions{})
	rules := []r2.LifecycleRule{
		{ID: "1", Enabled: true, Conditions: r2.LifecycleConditions{Prefix: "logs/"}, DeleteObjects: aged(3 * day)},
		{ID: "2", Enabled: true, Conditions: r2.LifecycleConditions{Prefix: "keep"}, StorageClasses: []r2.LifecycleTransition{{Condition: aged(3 * day).Condition, StorageClass: r2.InfrequentAccess}}},
		{ID: "3", Enabled: true, AbortUploads: aged(2 * day)},
	}
	p.wantErr("set", p.b.SetLifecycle(rules), nil)
	p.wantKept("a day", "keep.txt", "logs/a.txt", "logs/odd name", "logs/young.txt")
	p.advance(day + time.Hour)
	young := p.upload("up", r2.MultipartOptions{})
	p.put("logs/a.txt", "replaced")
	p.advance(day - time.Hour)
	p.wantKept("three days", "keep.txt", "logs/a.txt", "logs/young.txt")
	if o, err := p.b.Head(p.Context(), "keep.txt"); err != nil || o.StorageClass != r2.InfrequentAccess || o.Version != kept.Version || !o.Uploaded.Equal(kept.Uploaded) || o.ETag != kept.ETag {
		p.Errorf("moved: %v, %v", err, o)
	}
	if _, err := p.b.ListParts(p.Context(), "up", old, 0, 0); err != r2.ErrNoSuchUpload { //nolint:errorlint // it is returned bare
		p.Errorf("the old upload: %v", err)
	}
	if _, err := p.b.ListParts(p.Context(), "up", young, 0, 0); err != nil {
		p.Errorf("the young upload: %v", err)
	}
	p.advance(10 * day)
	p.wantKept("thirteen days", "keep.txt")
	if l, err := p.b.ListUploads(p.Context(), r2.ListUploadsOptions{}); err != nil || len(l.Uploads) != 0 {
		p.Errorf("%+v, %v", l, err)
	}
}

func (p *place) advance(d time.Duration) {
	p.Helper()
	if err := p.clock.Advance(p.Context(), d); err != nil {
		p.Fatal(err)
	}
}

func (p *place) wantKept(when string, want ...string) {
	p.Helper()
	if got := keys(p, p.b, r2.ListOptions{}); !slices.Equal(got, want) {
		p.Errorf("after %s: %q, want %q", when, got, want)
	}
}
