package r2

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flint/cmd/flint/cli"
)

func (a commands) r2Lifecycle() *cobra.Command {
	return cli.NewGroup("lifecycle", "What becomes of objects and unfinished uploads as time passes", a.r2LifecycleList(), a.r2LifecycleAdd(), a.r2LifecycleRemove())
}

// LifecycleRule is a rule in the API's words.
type LifecycleRule struct {
	ID         string `json:"id"`
	Enabled    bool   `json:"enabled"`
	Conditions struct {
		Prefix string `json:"prefix,omitempty"`
	} `json:"conditions"`
	Delete  *lifecycleStep  `json:"deleteObjectsTransition,omitempty"`
	Classes []lifecycleStep `json:"storageClassTransitions,omitempty"`
	Abort   *lifecycleStep  `json:"abortMultipartUploadsTransition,omitempty"`
}

type lifecycleStep struct {
	Condition struct {
		Type   string `json:"type"`
		MaxAge int64  `json:"maxAge,omitempty"` // seconds
		Date   string `json:"date,omitempty"`
	} `json:"condition"`
	StorageClass string `json:"storageClass,omitempty"`
}

const DaySeconds = 24 * 60 * 60 // seconds

// text says when, in Wrangler's words.
func (s *lifecycleStep) text() string {
	if s.Condition.Type == "Date" {
		date, _, _ := strings.Cut(s.Condition.Date, "T")
		return "on " + date
	}
	return "after " + strconv.FormatFloat(float64(s.Condition.MaxAge)/DaySeconds, 'f', -1, 64) + " days"
}

// actions says what a rule does, in Wrangler's words.
func (r *LifecycleRule) actions() string {
	var out []string
	if r.Delete != nil {
		out = append(out, "Expire objects "+r.Delete.text())
	}
	for i := range r.Classes {
		out = append(out, "Transition to Infrequent Access "+r.Classes[i].text())
	}
	if r.Abort != nil {
		out = append(out, "Abort incomplete multipart uploads "+r.Abort.text())
	}
	if len(out) == 0 {
		return "(none)"
	}
	return strings.Join(out, ", ")
}

// rules asks for the rules of a bucket.
func rulesOf[T any](cmd *cobra.Command, b *bucket, kind string) ([]T, error) {
	var found struct{ Rules []T }
	_, err := b.Call(cmd.Context(), http.MethodGet, b.path(kind), nil, &found)
	return found.Rules, err
}

func putRules[T any](cmd *cobra.Command, b *bucket, kind string, rules []T) error {
	_, err := b.Call(cmd.Context(), http.MethodPut, b.path(kind), map[string]any{"rules": append([]T{}, rules...)}, nil)
	return err
}

func (a commands) r2LifecycleList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list BUCKET",
		Short: "List the lifecycle rules of a bucket",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				if asJSON {
					rules, err := rulesOf[json.RawMessage](cmd, b, "lifecycle")
					if err != nil {
						return err
					}
					return a.PrintJSON(rules)
				}
				rules, err := rulesOf[LifecycleRule](cmd, b, "lifecycle")
				if err != nil {
					return err
				}
				a.Printf("Listing lifecycle rules for bucket '%s'...", b.name)
				if len(rules) == 0 {
					a.Printf("There are no lifecycle rules for bucket '%s'.", b.name)
				}
				for i, r := range rules {
					if i > 0 {
						a.Printf("")
					}
					a.labelled([][2]string{{"name", r.ID}, {"enabled", yesNo(r.Enabled)}, {"prefix", or(r.Conditions.Prefix, "(all prefixes)")}, {"action", r.actions()}})
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return r2Flags(cmd)
}

func yesNo(yes bool) string { return map[bool]string{true: "Yes", false: "No"}[yes] }

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

// lifecycleFlags say what a new rule does.
type lifecycleFlags struct {
	name, prefix, expireDate, transitionDate string
	expireDays, transitionDays, abortDays    float64
}

func (o *lifecycleFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.name, "name", "", "the name of the rule")
	f.StringVar(&o.prefix, "prefix", "", "only keys that begin with this")
	f.Float64Var(&o.expireDays, "expire-days", 0, "days after which objects are deleted")
	f.StringVar(&o.expireDate, "expire-date", "", "date on which objects are deleted (YYYY-MM-DD)")
	f.Float64Var(&o.transitionDays, "ia-transition-days", 0, "days after which objects become InfrequentAccess")
	f.StringVar(&o.transitionDate, "ia-transition-date", "", "date on which objects become InfrequentAccess (YYYY-MM-DD)")
	f.Float64Var(&o.abortDays, "abort-multipart-days", 0, "days after which unfinished uploads are given up")
	nameIsID(f)
}

// nameIsID takes --id for --name, as Wrangler does.
func nameIsID(f *pflag.FlagSet) {
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "id" {
			name = "name"
		}
		return pflag.NormalizedName(name)
	})
}

// rule is the rule that the flags describe.
func (o *lifecycleFlags) rule(f *pflag.FlagSet) (*LifecycleRule, error) {
	r := &LifecycleRule{ID: o.name, Enabled: true}
	r.Conditions.Prefix = o.prefix
	expire, err := lifecycleStepOf(f, "expire-days", o.expireDays, "expire-date", o.expireDate)
	if err != nil {
		return nil, err
	}
	r.Delete = expire
	class, err := lifecycleStepOf(f, "ia-transition-days", o.transitionDays, "ia-transition-date", o.transitionDate)
	if err != nil {
		return nil, err
	}
	if class != nil {
		class.StorageClass = "InfrequentAccess"
		r.Classes = []lifecycleStep{*class}
	}
	if r.Abort, err = lifecycleStepOf(f, "abort-multipart-days", o.abortDays, "", ""); err != nil {
		return nil, err
	}
	if r.Delete == nil && r.Abort == nil && len(r.Classes) == 0 {
		return nil, cli.Usagef("say what the rule does: --expire-days, --expire-date, --ia-transition-days, --ia-transition-date or --abort-multipart-days")
	}
	return r, nil
}

// lifecycleStepOf is what two flags say, or nil when neither is given.
func lifecycleStepOf(f *pflag.FlagSet, days string, n float64, date, on string) (*lifecycleStep, error) {
	s := &lifecycleStep{}
	switch {
	case f.Changed(days) && date != "" && f.Changed(date):
		return nil, cli.Usagef("give --%s or --%s, not both", days, date)
	case f.Changed(days):
		if n < 0 || n > 1e6 {
			return nil, cli.Usagef("--%s: %v is no number of days", days, n)
		}
		s.Condition.Type, s.Condition.MaxAge = "Age", int64(n*DaySeconds)
		return s, nil
	case date != "" && f.Changed(date):
		if _, err := time.Parse(time.DateOnly, on); err != nil {
			return nil, cli.Usagef("--%s: %q is not YYYY-MM-DD", date, on)
		}
		s.Condition.Type, s.Condition.Date = "Date", on+"T00:00:00.000Z"
		return s, nil
	}
	return nil, nil
}

func (a commands) r2LifecycleAdd() *cobra.Command {
	var o lifecycleFlags
	cmd := &cobra.Command{
		Use:   "add BUCKET NAME [PREFIX]",
		Short: "Add a lifecycle rule to a bucket",
		Args:  lifecycleArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				o.name = args[1]
			}
			if len(args) > 2 {
				o.prefix = args[2]
			}
			if o.name == "" {
				return cli.Usagef("flint r2 bucket lifecycle add needs a name for the rule")
			}
			rule, err := o.rule(cmd.Flags())
			if err != nil {
				return err
			}
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				rules, err := rulesOf[json.RawMessage](cmd, b, "lifecycle")
				if err != nil {
					return err
				}
				text, err := json.Marshal(rule)
				if err != nil {
					return err
				}
				a.Printf("Adding lifecycle rule '%s' to bucket '%s'...", o.name, b.name)
				if err := putRules(cmd, b, "lifecycle", append(rules, text)); err != nil {
					return err
				}
				a.Printf("✨ Added lifecycle rule '%s' to bucket '%s'.", o.name, b.name)
				return nil
			})
		},
	}
	o.add(cmd.Flags())
	return r2Flags(cmd)
}

func lifecycleArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 2 || len(args) == 3 {
		return nil
	}
	if len(args) > 3 {
		return cli.Exactly("a bucket", "a name", "a prefix")(cmd, args)
	}
	return cli.Exactly("a bucket")(cmd, args)
}

func (a commands) r2LifecycleRemove() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "remove BUCKET --name NAME",
		Short: "Remove a lifecycle rule from a bucket",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				return cli.Usagef("--name is missing")
			}
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				rules, err := rulesOf[LifecycleRule](cmd, b, "lifecycle")
				if err != nil {
					return err
				}
				var left []LifecycleRule
				for _, r := range rules {
					if r.ID != name {
						left = append(left, r)
					}
				}
				if len(left) == len(rules) {
					return fmt.Errorf("the bucket %s has no lifecycle rule called %q; `flint r2 bucket lifecycle list %s` shows all", b.name, name, b.name)
				}
				a.Printf("Removing lifecycle rule '%s' from bucket '%s'...", name, b.name)
				if err := putRules(cmd, b, "lifecycle", left); err != nil {
					return err
				}
				a.Printf("Lifecycle rule '%s' removed from bucket '%s'.", name, b.name)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the name of the rule")
	nameIsID(cmd.Flags())
	return r2Flags(cmd)
}
