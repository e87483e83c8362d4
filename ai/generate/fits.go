package generate

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"flint/ai/inference"
)

// nothingElsewhere keeps a schema from loading others: flint reads no address.
type nothingElsewhere struct{}

// Load implements jsonschema.URLLoader.
func (nothingElsewhere) Load(string) (any, error) {
	return nil, errors.New("ai: a schema refers to another document")
}

// validatorOf checks answers against the schema of JSON mode. Without a schema,
// or with one that cannot be compiled, everything fits.
func validatorOf(f *inference.ResponseFormat) func(text string) bool {
	anything := func(string) bool { return true }
	if f == nil || f.Type != "json_schema" {
		return anything
	}
	if len(f.Schema) > inference.MaxSchema {
		return anything
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(bareSchema(f.Schema)))
	if err != nil {
		return anything
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(nothingElsewhere{})
	states := &inference.Work{Left: 2 * inference.MaxStates}
	c.UseRegexpEngine(func(pattern string) (jsonschema.Regexp, error) { return compileWithin(states, pattern) })
	left := &visits{}
	c.RegisterVocabulary(left.vocabulary())
	c.AssertVocabs()
	if c.AddResource("schema.json", doc) != nil {
		return anything
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		return anything
	}
	return func(text string) bool {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
		return err == nil && left.fits(schema, value)
	}
}

// compileWithin compiles a pattern of a schema, as far as it is not too large.
func compileWithin(w *inference.Work, pattern string) (jsonschema.Regexp, error) {
	if w.Left <= 0 {
		return nil, errLargePattern
	}
	re, _, states, err := compilePattern(pattern)
	if err == nil && !w.Take(states) {
		err = errLargePattern
	}
	return re, err
}

// visits counts how many parts of a schema are looked at: parts that refer to
// others twice can be as many as two to the power of their depth.
type visits struct{ inference.Work }

// errManyVisits ends a check from inside the library, which has no other way out.
var errManyVisits = errors.New("ai: the schema has too many parts to check")

// vocabulary has no keywords: the library calls it for each part it looks at.
func (v *visits) vocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{URL: "https://flint.invalid/visits", Compile: func(*jsonschema.CompilerContext, map[string]any) (jsonschema.SchemaExt, error) {
		return v, nil
	}}
}

// Validate implements jsonschema.SchemaExt.
func (v *visits) Validate(*jsonschema.ValidatorContext, any) {
	if !v.Take(1) {
		panic(errManyVisits)
	}
}

// fits reports whether value fits; what takes too long to tell does.
func (v *visits) fits(schema *jsonschema.Schema, value any) (ok bool) {
	v.Left = inference.MaxVisits
	defer func() {
		if r := recover(); r == error(errManyVisits) {
			ok = true
		} else if r != nil {
			panic(r)
		}
	}()
	return schema.Validate(value) == nil
}

// bareSchema is a schema without OpenAI's {name, schema} around it.
func bareSchema(raw json.RawMessage) json.RawMessage {
	var wrapped struct{ Schema json.RawMessage }
	if json.Unmarshal(raw, &wrapped) == nil && inference.IsType(wrapped.Schema, "object") {
		return wrapped.Schema
	}
	return raw
}
