package r2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/clock"
	"flint/internal/testkit"
)

const day = 24 * time.Hour

func age(d time.Duration) *LifecycleTransition {
	return &LifecycleTransition{Condition: LifecycleCondition{Type: ConditionAge, MaxAge: d}}
}

func rule(prefix string, change func(*LifecycleRule)) LifecycleRule {
	r := LifecycleRule{Enabled: true, Conditions: LifecycleConditions{Prefix: prefix}}
	change(&r)
	return r
}

func expire(prefix string, after time.Duration) LifecycleRule {
	return rule(prefix, func(r *LifecycleRule) { r.DeleteObjects = age(after) })
}

func setLifecycle(t testing.TB, b *Bucket, rules ...LifecycleRule) {
	t.Helper()
	if err := b.SetLifecycle(rules); err != nil {
		t.Fatal(err)
	}
}

// wantKeys lists a bucket.
func wantKeys(t testing.TB, b *Bucket, want string) {
	t.Helper()
	l, err := b.List(context.Background(), ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := keysOf(l); got != want {
		t.Errorf("keys %q, want %q", got, want)
	}
}

// Objects go when they are due, to the millisecond: old ones, those put after
// the rule, and a replaced one by its new age.
func TestLifecycleExpires(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t)
	put(t, b, "logs/old", "x")
	put(t, b, "other", "x")
	testkit.Advance(t, c, day)
	put(t, b, "logs/big", strings.Repeat("x", 100_000))
	setLifecycle(t, b, expire("logs/", 3*day))
	testkit.Advance(t, c, 2*day-time.Millisecond)
	wantKeys(t, b, "logs/big logs/old other")
	testkit.Advance(t, c, time.Millisecond)
	wantKeys(t, b, "logs/big other")
	put(t, b, "logs/new", "x")
	testkit.Advance(t, c, day)
	wantKeys(t, b, "logs/new other")
	wantBlobs(t, b, 0)
	testkit.Advance(t, c, day)
	put(t, b, "logs/new", "replaced")
	testkit.Advance(t, c, 3*day-time.Millisecond)
	wantKeys(t, b, "logs/new other")
	testkit.Advance(t, c, time.Millisecond)
	wantKeys(t, b, "other")
	if diskOf(b).IsInMemory("logs/new") {
		t.Error("the object is still in memory")
	}
}

// Rules survive; what fell due while the store was closed goes at the next start.
func TestLifecycleIsKept(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), clock.NewFrozen(noon)
	s := openStore(t, dir, c)
	b, err := s.Bucket("media")
	if err != nil {
		t.Fatal(err)
	}
	put(t, b, "a", "x")
	setLifecycle(t, b, expire("", day))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	testkit.Advance(t, c, day)
	s = openStore(t, dir, c)
	if len(s.open()) != 1 {
		t.Fatal("a bucket with rules was not opened at start")
	}
	b, err = s.Lookup("media")
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, b, "")
	put(t, b, "b", "x")
	if rules := b.Lifecycle(); len(rules) != 1 || rules[0].DeleteObjects.Condition.MaxAge != day {
		t.Errorf("rules %+v", rules)
	}
	setLifecycle(t, b)
	testkit.Advance(t, c, 2*day)
	wantKeys(t, b, "b")
	if err := s.Delete("media"); !errors.Is(err, ErrBucketNotEmpty) {
		t.Fatal(err)
	}
	setLifecycle(t, b, expire("", day))
	if err := s.Delete("media"); err != nil {
		t.Fatal(err)
	}
	if b, err = s.Bucket("media"); err != nil {
		t.Fatal(err)
	}
	if rules := b.Lifecycle(); len(rules) != 1 || rules[0].AbortUploads == nil {
		t.Errorf("a new bucket inherits %+v", rules)
	}
}

// A date acts on that day, and later on what came on an earlier day.
func TestLifecycleDate(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t) // at noon of March 1
	put(t, b, "a", "x")
	setLifecycle(t, b, rule("", func(r *LifecycleRule) {
		r.DeleteObjects = &LifecycleTransition{Condition: LifecycleCondition{Type: ConditionDate, Date: time.Date(2026, 3, 3, 6, 0, 0, 0, time.UTC)}}
	}))
	testkit.Advance(t, c, time.Date(2026, 3, 3, 5, 59, 59, 999e6, time.UTC).Sub(noon))
	wantKeys(t, b, "a")
	testkit.Advance(t, c, time.Millisecond)
	wantKeys(t, b, "")
	put(t, b, "b", "x")
	testkit.Advance(t, c, 18*time.Hour-time.Millisecond)
	wantKeys(t, b, "b")
	testkit.Advance(t, c, time.Millisecond)
	wantKeys(t, b, "")
}

func TestLifecycleTransition(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, c := newBucket(t)
	o := put(t, b, "a", "x")
	put(t, b, "short/a", "x")
	setLifecycle(t, b, rule("", func(r *LifecycleRule) {
		r.StorageClasses = []LifecycleTransition{{Condition: age(day).Condition, StorageClass: InfrequentAccess}}
	}), expire("short/", 2*day))
	testkit.Advance(t, c, day)
	h, err := b.Head(ctx, "a")
	if err != nil || h.StorageClass != InfrequentAccess || h.Version != o.Version || !h.Uploaded.Equal(o.Uploaded) {
		t.Errorf("after a day: %+v, %v", h, err)
	}
	if h, err = b.Head(ctx, "short/a"); err != nil || h.StorageClass != Standard {
		t.Errorf("an object that goes within a day: %+v, %v", h, err)
	}
	testkit.Advance(t, c, day)
	wantKeys(t, b, "a")
}

// More objects than one batch, of the same moment and not.
func TestLifecycleBatches(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t)
	for i := range 2500 {
		put(t, b, fmt.Sprintf("k/%04d", i), "x")
		if i > 1800 {
			testkit.Advance(t, c, time.Millisecond)
		}
	}
	put(t, b, "stays", "x")
	setLifecycle(t, b, rule("", func(r *LifecycleRule) {
		r.StorageClasses = []LifecycleTransition{{Condition: age(time.Minute).Condition, StorageClass: InfrequentAccess}}
	}), expire("k/", time.Hour))
	testkit.Advance(t, c, time.Hour)
	wantKeys(t, b, "stays")
}

func TestLifecycleAbort(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, c := newBucket(t)
	ids := map[string]string{}
	for _, key := range []string{"user/a", "b"} {
		id, err := b.CreateMultipart(ctx, key, MultipartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.UploadPart(ctx, key, id, 1, strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
		ids[key] = id
	}
	abort := func(prefix string, after time.Duration) LifecycleRule {
		return rule(prefix, func(r *LifecycleRule) { r.AbortUploads = age(after) })
	}
	setLifecycle(t, b, abort("", 7*day), abort("user/", day))
	testkit.Advance(t, c, day)
	wantBlobs(t, b, 1)
	if _, err := b.UploadPart(ctx, "user/a", ids["user/a"], 2, strings.NewReader("x"), 1); !errors.Is(err, ErrNoSuchUpload) {
		t.Errorf("after a day: %v", err)
	}
	setLifecycle(t, b)
	testkit.Advance(t, c, 30*day)
	if _, err := b.UploadPart(ctx, "b", ids["b"], 2, strings.NewReader("x"), 1); err != nil {
		t.Errorf("without rules: %v", err)
	}
}

// A disabled rule does nothing, and a bucket without rules has no index to keep.
func TestLifecycleCostsNothingUnused(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t)
	indexed := func() bool {
		has, err := diskOf(b).HasIndex("objects_age")
		if err != nil {
			t.Fatal(err)
		}
		return has
	}
	put(t, b, "a", "x")
	r := expire("", time.Hour)
	r.Enabled = false
	setLifecycle(t, b, r)
	testkit.Advance(t, c, day)
	wantKeys(t, b, "a")
	if indexed() {
		t.Error("an index for no rule")
	}
	setLifecycle(t, b, expire("", 10*day))
	if !indexed() {
		t.Error("no index for a rule")
	}
	setLifecycle(t, b)
	if indexed() {
		t.Error("the index stays")
	}
}

func TestLifecycleRefuses(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	for want, rules := range map[string]string{
		"rule 1 is not valid: it does nothing":                              `[{"id":"a","enabled":true,"conditions":{}}]`,
		"rule 2 is not valid: another rule has the id a":                    `[{"id":"a","abortMultipartUploadsTransition":{"condition":{"type":"Age","maxAge":60}}},{"id":"a","abortMultipartUploadsTransition":{"condition":{"type":"Age","maxAge":60}}}]`,
		"takes an age, not a date":                                          `[{"abortMultipartUploadsTransition":{"condition":{"type":"Date","date":"2026-01-01"}}}]`,
		"an age is at least a second":                                       `[{"deleteObjectsTransition":{"condition":{"type":"Age","maxAge":0}}}]`,
		"at most 100 years":                                                 `[{"deleteObjectsTransition":{"condition":{"type":"Age","maxAge":9223372036854775807}}}]`,
		"the storageClass of storageClassTransitions must be InfrequentAcc": `[{"storageClassTransitions":[{"condition":{"type":"Age","maxAge":60},"storageClass":"Glacier"}]}]`,
		"its prefix is no key's beginning":                                  `[{"conditions":{"prefix":"` + strings.Repeat("p", 1025) + `"},"deleteObjectsTransition":{"condition":{"type":"Age","maxAge":60}}}]`,
	} {
		var parsed []LifecycleRule
		if err := json.Unmarshal([]byte(rules), &parsed); err != nil {
			t.Fatal(rules, err)
		}
		if err := b.SetLifecycle(parsed); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", rules, err, want)
		}
	}
	if err := b.SetLifecycle(make([]LifecycleRule, 1001)); err == nil || !strings.Contains(err.Error(), "at most 1000 lifecycle rules") {
		t.Errorf("1001 rules: %v", err)
	}
	var c LifecycleCondition
	if err := json.Unmarshal([]byte(`{"type":"Age"}`), &c); err == nil {
		t.Error("an age without maxAge was read")
	}
}

// TestLifecycleModel does random things and moves the clock, and compares with
// what a look at every object would find due.
func TestLifecycleModel(t *testing.T) {
	t.Parallel()
	prefixes, ages := []string{"", "a", "a/", "b"}, []time.Duration{time.Minute, time.Hour, 90 * time.Minute}
	rapid.Check(t, func(rt *rapid.T) {
		dir, c := t.TempDir(), clock.NewFrozen(noon)
		s := openStore(t, dir, c)
		b, err := s.Bucket("media")
		if err != nil {
			rt.Fatal(err)
		}
		born, rules := map[string]time.Time{}, map[string]time.Duration{}
		due := func() {
			for key, at := range born {
				for prefix, age := range rules {
					if strings.HasPrefix(key, prefix) && !c.Now().Before(at.Truncate(time.Millisecond).Add(age)) {
						delete(born, key)
					}
				}
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				key := rapid.StringMatching(`[ab/]{1,3}`).Draw(rt, "key")
				put(t, b, key, "x")
				born[key] = c.Now()
			},
			"delete": func(rt *rapid.T) {
				key := rapid.StringMatching(`[ab/]{1,3}`).Draw(rt, "key")
				if err := b.Delete(context.Background(), key); err != nil {
					rt.Fatal(err)
				}
				delete(born, key)
			},
			"rules": func(rt *rapid.T) {
				clear(rules)
				var list []LifecycleRule
				for _, prefix := range prefixes {
					if rapid.Bool().Draw(rt, "rule") {
						rules[prefix] = rapid.SampledFrom(ages).Draw(rt, "age")
						list = append(list, expire(prefix, rules[prefix]))
					}
				}
				setLifecycle(t, b, list...)
				due()
			},
			"advance": func(rt *rapid.T) {
				testkit.Advance(t, c, time.Duration(rapid.Int64Range(1, int64(45*time.Minute)).Draw(rt, "by")))
				due()
			},
			"reopen": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "really") > 0 {
					return
				}
				if err := s.Close(); err != nil {
					rt.Fatal(err)
				}
				s = openStore(t, dir, c)
				b = lookup(t, s)
			},
			"": func(rt *rapid.T) {
				want := slices.Sorted(maps.Keys(born))
				l, err := b.List(context.Background(), ListOptions{})
				if err != nil || keysOf(l) != strings.Join(want, " ") {
					rt.Fatalf("keys %q, want %q (%v)", keysOf(l), want, err)
				}
			},
		})
	})
}
