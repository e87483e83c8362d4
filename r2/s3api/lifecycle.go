package s3api

import (
	"context"
	"encoding/xml"
	"net/http"
	"time"

	"flint/r2"
)

// lifecycleConfiguration is a bucket's rules. What R2 does not have lands in
// the Other fields, and is refused by its name.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
type lifecycleConfiguration struct {
	XMLName xml.Name        `xml:"LifecycleConfiguration"`
	NS      string          `xml:"xmlns,attr,omitempty"`
	Rules   []lifecycleRule `xml:"Rule"`
}

type lifecycleRule struct {
	ID         string `xml:"ID,omitempty"`
	Status     string
	Prefix     *string          `xml:"Prefix"`
	Filter     *lifecycleFilter `xml:"Filter"`
	Expiration *due             `xml:"Expiration"`
	Transition []due            `xml:"Transition"`
	Abort      *abortDue        `xml:"AbortIncompleteMultipartUpload"`
	Other      []element        `xml:",any"`
}

type lifecycleFilter struct {
	Prefix string
	Other  []element `xml:",any"`
}

type due struct {
	Days         *int
	Date         string    `xml:"Date,omitempty"`
	StorageClass string    `xml:"StorageClass,omitempty"`
	Other        []element `xml:",any"`
}

type abortDue struct {
	Days *int `xml:"DaysAfterInitiation"`
}

// element is one that R2 does not know.
type element struct{ XMLName xml.Name }

const day = 24 * time.Hour

func (q *request) getLifecycle(context.Context) error {
	b, err := q.open()
	if err != nil {
		return err
	}
	out := &lifecycleConfiguration{NS: xmlns}
	for _, r := range b.Lifecycle() {
		out.Rules = append(out.Rules, describeRule(r))
	}
	if out.Rules == nil {
		return errNoLifecycle
	}
	return writeXML(q, out)
}

func describeRule(r r2.LifecycleRule) lifecycleRule {
	out := lifecycleRule{ID: r.ID, Status: "Disabled", Filter: &lifecycleFilter{Prefix: r.Conditions.Prefix}}
	if r.Enabled {
		out.Status = "Enabled"
	}
	if r.DeleteObjects != nil {
		d := describeDue(*r.DeleteObjects)
		out.Expiration = &d
	}
	for _, t := range r.StorageClasses {
		d := describeDue(t)
		d.StorageClass = s3Class(t.StorageClass)
		out.Transition = append(out.Transition, d)
	}
	if r.AbortUploads != nil {
		out.Abort = &abortDue{days(r.AbortUploads.Condition.MaxAge)}
	}
	return out
}

func describeDue(t r2.LifecycleTransition) due {
	if t.Condition.Type == r2.ConditionDate {
		return due{Date: xmlDate(t.Condition.Date)}
	}
	return due{Days: days(t.Condition.MaxAge)}
}

// days rounds an age up: the REST API counts in seconds.
func days(age time.Duration) *int {
	n := int((age + day - 1) / day)
	return &n
}

func (q *request) putLifecycle(context.Context) error {
	var in lifecycleConfiguration
	if err := q.readXML(&in); err != nil {
		return err
	}
	if len(in.Rules) == 0 {
		return errMalformedXML
	}
	rules := make([]r2.LifecycleRule, len(in.Rules))
	for i := range in.Rules {
		var err error
		if rules[i], err = in.Rules[i].rule(); err != nil {
			return err
		}
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	if err := b.SetLifecycle(rules); err != nil {
		return err
	}
	q.WriteHeader(http.StatusOK)
	return nil
}

// rule is the rule in R2's words.
func (r *lifecycleRule) rule() (out r2.LifecycleRule, err error) {
	if r.Filter == nil {
		r.Filter = &lifecycleFilter{}
	}
	if r.Prefix != nil {
		r.Filter.Prefix = *r.Prefix
	}
	for _, e := range append(r.Other, r.Filter.Other...) {
		return out, notImplemented(e.XMLName.Local + " of a lifecycle rule")
	}
	if r.Status != "Enabled" && r.Status != "Disabled" {
		return out, errMalformedXML
	}
	out = r2.LifecycleRule{ID: r.ID, Enabled: r.Status == "Enabled", Conditions: r2.LifecycleConditions{Prefix: r.Filter.Prefix}}
	if r.Expiration != nil {
		if out.DeleteObjects, err = r.Expiration.transition(); err != nil {
			return out, err
		}
	}
	for _, d := range r.Transition {
		t, err := d.transition()
		class, ok := storageClasses[d.StorageClass]
		switch {
		case err != nil:
			return out, err
		case !ok:
			return out, errStorageClass
		}
		t.StorageClass = class
		out.StorageClasses = append(out.StorageClasses, *t)
	}
	if r.Abort != nil {
		d := due{Days: r.Abort.Days}
		out.AbortUploads, err = d.transition()
	}
	return out, err
}

// maxDays is what an age of days can be without overflowing.
const maxDays = 36_500

func (d *due) transition() (*r2.LifecycleTransition, error) {
	for _, e := range d.Other {
		return nil, notImplemented(e.XMLName.Local + " of a lifecycle rule")
	}
	switch {
	case (d.Days == nil) == (d.Date == ""):
		return nil, errMalformedXML
	case d.Days == nil:
		at, err := time.Parse(time.RFC3339, d.Date)
		if err != nil {
			if at, err = time.Parse(time.DateOnly, d.Date); err != nil {
				return nil, errMalformedXML
			}
		}
		return &r2.LifecycleTransition{Condition: r2.LifecycleCondition{Type: r2.ConditionDate, Date: at}}, nil
	case *d.Days < 1 || *d.Days > maxDays:
		return nil, invalidArgument("The days of a lifecycle rule must be between 1 and %d.", maxDays)
	}
	return &r2.LifecycleTransition{Condition: r2.LifecycleCondition{Type: r2.ConditionAge, MaxAge: time.Duration(*d.Days) * day}}, nil
}

func (q *request) deleteLifecycle(context.Context) error {
	b, err := q.open()
	if err != nil {
		return err
	}
	if err := b.SetLifecycle(nil); err != nil {
		return err
	}
	q.WriteHeader(http.StatusNoContent)
	return nil
}
