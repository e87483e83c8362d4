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
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(bareSchema(f.Schema)))
	if err != nil {
		return anything
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(nothingElsewhere{})
	if c.AddResource("schema.json", doc) != nil {
		return anything
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		return anything
	}
	return func(text string) bool {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
		return err == nil && schema.Validate(value) == nil
	}
}

// bareSchema is a schema without OpenAI's {name, schema} around it.
func bareSchema(raw json.RawMessage) json.RawMessage {
	var wrapped struct{ Schema json.RawMessage }
	if json.Unmarshal(raw, &wrapped) == nil && isType(wrapped.Schema, "object") {
		return wrapped.Schema
	}
	return raw
}
