package r2

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/spf13/pflag"

	"flint/cmd/flint/cli"
)

// Headers of a put that carry what has no header in HTTP.
const (
	headerCustomMetadata = "Cf-R2-Custom-Metadata"
	headerStorageClass   = "Cf-R2-Storage-Class"
)

// header is what the flags say of an object, as headers of a put.
func (c *contentFlags) header(f *pflag.FlagSet) (http.Header, error) {
	h := http.Header{}
	for name := range contentHeaders {
		value, _ := f.GetString(name)
		if value == "" {
			continue
		}
		if !headerText(value) {
			return nil, cli.Usagef("--%s: %q cannot stand in a header", name, value)
		}
		if name == "expires" {
			at, err := parseExpires(value)
			if err != nil {
				return nil, err
			}
			value = at.UTC().Format(http.TimeFormat)
		}
		h.Set(name, value)
	}
	if c.storageClass != "" {
		h.Set(headerStorageClass, c.storageClass)
	}
	if len(c.metadata) == 0 {
		return h, nil
	}
	custom, err := c.custom()
	if err != nil {
		return nil, err
	}
	h.Set(headerCustomMetadata, custom)
	return h, nil
}

func headerText(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// custom is the custom metadata as JSON of ASCII alone, which fits a header.
func (c *contentFlags) custom() (string, error) {
	values := map[string]string{}
	for _, pair := range c.metadata {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return "", cli.Usagef("--metadata: %q is not NAME=VALUE", pair)
		}
		values[name] = value
	}
	text, err := json.Marshal(values)
	if err != nil {
		return "", err
	}
	return asciiJSON(string(text)), nil
}

// asciiJSON escapes in a JSON text what is not ASCII.
func asciiJSON(text string) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		if unit < 0x7f {
			out.WriteByte(byte(unit))
		} else {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}

func parseExpires(value string) (time.Time, error) {
	if at, err := http.ParseTime(value); err == nil {
		return at, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, value); err == nil {
			return at, nil
		}
	}
	if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms > 0 { // as Wrangler takes it with --local
		return time.UnixMilli(ms), nil
	}
	return time.Time{}, cli.Usagef("--expires: %q is no date; write it as 2030-01-31, 2030-01-31T12:00:00Z or %s", value, http.TimeFormat)
}
