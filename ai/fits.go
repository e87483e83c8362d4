package ai

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// nothingElsewhere keeps a schema from loading others: flint reads no address.
type nothingElsewhere struct{}

// Load implements jsonschema.URLLoader.
func (nothingElsewhere) Load(string) (any, error) {
	return nil, errors.New("ai: a schema refers to another document")
}

// validator checks answers against the schema of JSON mode. Without a schema,
// or with one that cannot be compiled, everything fits.
func (f *responseFormat) validator() func(text string) bool {
	anything := func(string) bool { return true }
	if f == nil || f.Type != "json_schema" {
		return anything
	}
	if len(f.Schema) > maxSchema {
		return anything
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(bareSchema(f.Schema)))
	if err != nil {
		return anything
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(nothingElsewhere{})
	states := &work{2 * maxStates}
	c.UseRegexpEngine(states.engine)
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

// engine compiles the patterns of a schema, as far as they are not too large.
func (w *work) engine(pattern string) (jsonschema.Regexp, error) {
	if w.left <= 0 {
		return nil, errLargePattern
	}
	re, _, states, err := compilePattern(pattern)
	if err == nil && !w.take(states) {
		err = errLargePattern
	}
	return re, err
}

// visits counts how many parts of a schema are looked at: parts that refer to
// others twice can be as many as two to the power of their depth.
type visits struct{ work }

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
	if !v.take(1) {
		panic(errManyVisits)
	}
}

// fits reports whether value fits; what takes too long to tell does.
func (v *visits) fits(schema *jsonschema.Schema, value any) (ok bool) {
	v.left = maxVisits
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
	if json.Unmarshal(raw, &wrapped) == nil && isType(wrapped.Schema, "object") {
		return wrapped.Schema
	}
	return raw
}
