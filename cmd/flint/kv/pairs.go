package kv

import (
	"encoding/json"
	"errors"
	"fmt"

	"flint/cmd/flint/cli"
)

// kvPair is an entry as Wrangler's files have it.
type kvPair struct {
	Key           *string         `json:"key"`
	Value         *string         `json:"value"`
	Expiration    *float64        `json:"expiration,omitempty"`
	ExpirationTTL *float64        `json:"expiration_ttl,omitempty"`
	Metadata      json.RawMessage `json:"metadata,omitempty"`
	Base64        bool            `json:"base64,omitempty"`
}

// CheckPair says what keeps raw from being an entry.
func CheckPair(raw []byte) error {
	var p kvPair
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(raw, &p); {
	case errors.As(err, &syntax):
		return syntax
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%q must be a %s, not a %s", wrong.Field, cli.JSONKind(wrong.Type), wrong.Value)
	case err != nil:
		return fmt.Errorf(`every item must be an object with "key" and "value", not %s`, cli.Excerpt(raw))
	case p.Key == nil:
		return errors.New(`"key" is missing`)
	case p.Value == nil:
		return errors.New(`"value" is missing`)
	}
	return nil
}

// keyOfItem is a key in a list of keys: a string, or an object with a name.
func keyOfItem(i cli.Item) (string, error) {
	var key string
	if json.Unmarshal(i.Raw, &key) == nil {
		return key, nil
	}
	var named struct{ Name *string }
	if json.Unmarshal(i.Raw, &named) == nil && named.Name != nil {
		return *named.Name, nil
	}
	return "", i.Errorf(`every item must be a key or an object with a "name", not %s`, cli.Excerpt(i.Raw))
}
