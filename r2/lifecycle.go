package r2

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"flint/r2/driver"
)

// LifecycleRule says what becomes of the objects and uploads below a prefix as
// time passes, in the words of the REST API.
// https://developers.cloudflare.com/r2/buckets/object-lifecycles/
type LifecycleRule struct {
	ID         string              `json:"id"`
	Enabled    bool                `json:"enabled"`
	Conditions LifecycleConditions `json:"conditions"`

	DeleteObjects  *LifecycleTransition  `json:"deleteObjectsTransition,omitempty"`
	StorageClasses []LifecycleTransition `json:"storageClassTransitions,omitempty"`
	AbortUploads   *LifecycleTransition  `json:"abortMultipartUploadsTransition,omitempty"`
}

// LifecycleConditions choose what a rule is about.
type LifecycleConditions struct {
	Prefix string `json:"prefix"`
}

// LifecycleTransition is one thing that a rule does, and when.
type LifecycleTransition struct {
	Condition    LifecycleCondition `json:"condition"`
	StorageClass string             `json:"storageClass,omitempty"` // InfrequentAccess
}

// LifecycleCondition is an age or a date.
type LifecycleCondition struct {
	Type   string        // "Age" or "Date"
	MaxAge time.Duration // since the upload, in whole seconds; of an upload in parts since its start
	// Date is the moment from which on a rule acts. What is uploaded later
	// falls due at the end of its day in UTC, as rules run once a day.
	Date time.Time
}

// Types of a LifecycleCondition.
const (
	ConditionAge  = "Age"
	ConditionDate = "Date"
)

type conditionJSON struct {
	Type   string `json:"type"`
	MaxAge *int64 `json:"maxAge,omitempty"`
	Date   string `json:"date,omitempty"`
}

// MarshalJSON implements json.Marshaler: an age counts in seconds.
func (c LifecycleCondition) MarshalJSON() ([]byte, error) {
	out := conditionJSON{Type: c.Type}
	if c.Type == ConditionDate {
		out.Date = c.Date.UTC().Format(isoMillis)
	} else {
		seconds := int64(c.MaxAge / time.Second)
		out.MaxAge = &seconds
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler. A date may be a day or a moment.
func (c *LifecycleCondition) UnmarshalJSON(data []byte) error {
	var in conditionJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*c = LifecycleCondition{Type: in.Type}
	switch {
	case in.Type == ConditionAge && in.MaxAge != nil:
		c.MaxAge = time.Duration(min(max(*in.MaxAge, 0), int64(math.MaxInt64/time.Second))) * time.Second // check refuses what is none
		return nil
	case in.Type == ConditionDate && in.Date != "":
		var err error
		if c.Date, err = time.Parse(time.DateOnly, in.Date); err != nil {
			c.Date, err = time.Parse(time.RFC3339, in.Date)
		}
		return err
	}
	return fmt.Errorf("a condition is {\"type\":\"Age\",\"maxAge\":seconds} or {\"type\":\"Date\",\"date\":date}")
}

// defaultLifecycle is what every bucket has until its rules are set.
var defaultLifecycle = []LifecycleRule{{
	ID: "Default Multipart Abort Rule", Enabled: true,
	AbortUploads: &LifecycleTransition{Condition: LifecycleCondition{Type: ConditionAge, MaxAge: UploadLifetime}},
}}

// Lifecycle is the bucket's rules. A bucket whose rules were never set gives up
// unfinished uploads after UploadLifetime.
func (b *Bucket) Lifecycle() []LifecycleRule {
	if rules := b.settings.Load().Lifecycle; rules != nil {
		return *rules
	}
	return defaultLifecycle
}

// SetLifecycle replaces the rules, at most MaxLifecycleRules; without any,
// nothing falls due. It returns an error that names the rule that is wrong.
// What is due by the new rules goes at once.
func (b *Bucket) SetLifecycle(rules []LifecycleRule) error {
	if len(rules) > MaxLifecycleRules {
		return errTooManyRules("lifecycle", MaxLifecycleRules)
	}
	rules = slices.Clone(rules)
	seen := map[string]bool{}
	for i := range rules {
		r := &rules[i]
		if r.ID == "" {
			r.ID = b.store.newID(16)
		}
		err := r.check()
		if seen[r.ID] {
			err = "another rule has the id " + r.ID
		}
		if err != "" {
			return errInvalidRule("lifecycle", i, err)
		}
		seen[r.ID] = true
	}
	err := b.changeSettings(func(s *settings) error { s.Lifecycle = &rules; return nil })
	if err != nil {
		return err
	}
	return b.restartLifecycle()
}

// check says what is wrong with a rule, or nothing.
func (r *LifecycleRule) check() string {
	switch {
	case len(r.ID) > MaxRuleID:
		return "its id is longer than 255 bytes"
	case driver.CheckKey(r.Conditions.Prefix) != nil:
		return "its prefix is no key's beginning"
	case r.DeleteObjects == nil && r.AbortUploads == nil && len(r.StorageClasses) == 0:
		return "it does nothing: give it deleteObjectsTransition, storageClassTransitions or abortMultipartUploadsTransition"
	case r.AbortUploads != nil && r.AbortUploads.Condition.Type != ConditionAge:
		return "abortMultipartUploadsTransition takes an age, not a date"
	}
	for _, t := range r.transitions() {
		if bad := t.Condition.check(); bad != "" {
			return bad
		}
	}
	for _, t := range r.StorageClasses {
		if t.StorageClass != InfrequentAccess {
			return "the storageClass of storageClassTransitions must be InfrequentAccess"
		}
	}
	return ""
}

func (r *LifecycleRule) transitions() []LifecycleTransition {
	all := slices.Clone(r.StorageClasses)
	for _, t := range []*LifecycleTransition{r.DeleteObjects, r.AbortUploads} {
		if t != nil {
			all = append(all, *t)
		}
	}
	return all
}

func (c *LifecycleCondition) check() string {
	switch {
	case c.Type == ConditionAge && (c.MaxAge < time.Second || c.MaxAge > MaxLifecycleAge || c.MaxAge%time.Second != 0):
		return "an age is at least a second, at most 100 years, and whole seconds"
	case c.Type == ConditionDate && c.Date.IsZero():
		return "a condition of type Date needs its date"
	case c.Type != ConditionAge && c.Type != ConditionDate:
		return "the type of a condition is Age or Date"
	}
	return ""
}

// due is when something of that age falls due.
func (c *LifecycleCondition) due(born time.Time) time.Time {
	if c.Type == ConditionAge {
		return born.Add(c.MaxAge)
	}
	if born.Before(c.Date) {
		return c.Date
	}
	return born.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
}
