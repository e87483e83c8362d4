package r2

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
)

func (a commands) r2CORS() *cobra.Command {
	return cli.NewGroup("cors", "Which pages may use a bucket from a browser", a.r2CORSList(), a.r2CORSSet(), a.r2CORSDelete())
}

// corsRule is a rule in the API's words.
type corsRule struct {
	Allowed struct {
		Origins []string `json:"origins"`
		Methods []string `json:"methods"`
		Headers []string `json:"headers"`
	} `json:"allowed"`
	Expose []string `json:"exposeHeaders"`
	MaxAge int      `json:"maxAgeSeconds"`
}

// codeNoCORS is Cloudflare's code for a bucket without a policy.
const codeNoCORS = 10059

func (a commands) r2CORSList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list BUCKET",
		Short: "List the CORS rules of a bucket",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				raw, err := rulesOf[json.RawMessage](cmd, b, "cors")
				if hasCode(err, codeNoCORS) {
					raw, err = []json.RawMessage{}, nil
				}
				if err != nil {
					return err
				}
				if asJSON {
					return a.PrintJSON(map[string]any{"rules": raw}) // what `cors set` takes
				}
				a.Printf("Listing CORS rules for bucket '%s'...", b.name)
				if len(raw) == 0 {
					a.Printf("There is no CORS configuration defined for bucket '%s'.", b.name)
				}
				return a.printCORS(raw)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return r2Flags(cmd)
}

func (a commands) printCORS(raw []json.RawMessage) error {
	list := func(values []string, none string) string { return or(strings.Join(values, ", "), none) }
	for i := range raw {
		var r corsRule
		if err := json.Unmarshal(raw[i], &r); err != nil {
			return err
		}
		if i > 0 {
			a.Printf("")
		}
		age := "(0 seconds)"
		if r.MaxAge > 0 {
			age = strconv.Itoa(r.MaxAge)
		}
		a.labelled([][2]string{
			{"allowed_origins", list(r.Allowed.Origins, "(no origins)")}, {"allowed_methods", list(r.Allowed.Methods, "(no methods)")},
			{"allowed_headers", list(r.Allowed.Headers, "(no headers)")}, {"exposed_headers", list(r.Expose, "(no exposed headers)")}, {"max_age_seconds", age},
		})
	}
	return nil
}

func (a commands) r2CORSSet() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "set BUCKET --file FILE",
		Short: `Replace the CORS rules by those of a JSON file: {"rules":[{"allowed":{"origins":["*"],"methods":["GET"]}}]}`,
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return cli.Usagef(`--file is missing: a JSON file with {"rules":[{"allowed":{"origins":["*"],"methods":["GET"]}}]}`)
			}
			rules, err := a.readRulesFile(file)
			if err != nil {
				return err
			}
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				a.Printf("Setting CORS configuration (%d rules) for bucket '%s'...", len(rules), b.name)
				if err := putRules(cmd, b, "cors", rules); err != nil {
					return err
				}
				a.Printf("✨ Set CORS configuration for bucket '%s'.", b.name)
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the JSON file (- for the standard input)")
	return r2Flags(cmd)
}

// maxRulesFile bounds a file of rules, in bytes.
const maxRulesFile = 1 << 20

// readRulesFile reads {"rules": […]}, and tells apart what S3 has in its place.
func (a commands) readRulesFile(name string) ([]json.RawMessage, error) {
	src, err := a.OpenSource(name)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	data, err := io.ReadAll(io.LimitReader(src, maxRulesFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxRulesFile {
		return nil, cli.Usagef("%s has more than %d bytes", src.Name, maxRulesFile)
	}
	var in map[string]json.RawMessage
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, cli.Usagef(`%s is not JSON of the form {"rules":[…]}: %w`, src.Name, err)
	}
	if in["CORSRules"] != nil || bytes.Contains(data, []byte(`"AllowedOrigins"`)) {
		return nil, cli.Usagef(`%s has S3's form; R2's is {"rules":[{"allowed":{"origins":["*"],"methods":["GET"]}}]}`, src.Name)
	}
	var rules []json.RawMessage
	if err := json.Unmarshal(in["rules"], &rules); err != nil {
		return nil, cli.Usagef(`%s has no array "rules"`, src.Name)
	}
	return rules, nil
}

func (a commands) r2CORSDelete() *cobra.Command {
	return r2Flags(&cobra.Command{
		Use:   "delete BUCKET",
		Short: "Remove the CORS rules of a bucket",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				a.Printf("Deleting the CORS configuration for bucket '%s'...", b.name)
				if _, err := b.Call(cmd.Context(), http.MethodDelete, b.path("cors"), nil, nil); err != nil {
					return err
				}
				a.Printf("CORS configuration deleted for bucket '%s'.", b.name)
				return nil
			})
		},
	})
}
