package generate

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"flint/ai/inference"
)

// noExternalSchemas refuses to load documents that a schema refers to.
type noExternalSchemas struct{}

// Load implements jsonschema.URLLoader.
func (noExternalSchemas) Load(string) (any, error) {
	return nil, errors.New("ai: a schema refers to another document")
}

// validatorOf checks answers against the schema of JSON mode. Without a schema,
// or with one that cannot be compiled, everything fits.
func validatorOf(f *inference.ResponseFormat) func(text string) bool {
	anything := func(string) bool { return true }
	if f == nil || f.Type != "json_schema" {
		return anything
	}
	if len(f.Schema) > inference.MaxSchemaBytes {
		return anything
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(unwrapSchema(f.Schema)))
	if err != nil {
		return anything
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noExternalSchemas{})
	states := &inference.Budget{Remaining: 2 * inference.MaxPatternStates}
	c.UseRegexpEngine(func(pattern string) (jsonschema.Regexp, error) { return compileBounded(states, pattern) })
	visited := &visits{}
	c.RegisterVocabulary(visited.vocabulary())
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
		return err == nil && visited.fits(schema, value)
	}
}

// compileBounded compiles a pattern of a schema and spends its states from the budget.
func compileBounded(budget *inference.Budget, pattern string) (jsonschema.Regexp, error) {
	if budget.Remaining <= 0 {
		return nil, errLargePattern
	}
	re, _, states, err := compilePattern(pattern)
	if err == nil && !budget.Spend(states) {
		err = errLargePattern
	}
	return re, err
}

// visits limits how many parts of a schema a check visits: parts that refer to
// others twice can be visited 2^depth times.
type visits struct{ inference.Budget }

// errTooManyVisits is a panic value: the library offers no other way to end a check.
var errTooManyVisits = errors.New("ai: the schema has too many parts to check")

// vocabulary has no keywords: the library calls it for each part it looks at.
func (v *visits) vocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{URL: "https://flint.invalid/visits", Compile: func(*jsonschema.CompilerContext, map[string]any) (jsonschema.SchemaExt, error) {
		return v, nil
	}}
}

// Validate implements jsonschema.SchemaExt.
func (v *visits) Validate(*jsonschema.ValidatorContext, any) {
	if !v.Spend(1) {
		panic(errTooManyVisits)
	}
}

// fits reports whether value fits the schema. A check that takes too long counts as a fit.
func (v *visits) fits(schema *jsonschema.Schema, value any) (ok bool) {
	v.Remaining = inference.MaxSchemaVisits
	defer func() {
		if r := recover(); r == error(errTooManyVisits) {
			ok = true
		} else if r != nil {
			panic(r)
		}
	}()
	return schema.Validate(value) == nil
}

// unwrapSchema is a schema without OpenAI's {name, schema} around it.
func unwrapSchema(raw json.RawMessage) json.RawMessage {
	var wrapped struct{ Schema json.RawMessage }
	if json.Unmarshal(raw, &wrapped) == nil && inference.IsType(wrapped.Schema, "object") {
		return wrapped.Schema
	}
	return raw
}
