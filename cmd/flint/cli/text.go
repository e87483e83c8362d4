package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// JoinOr lists names, or says that there are none.
func JoinOr(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}

// PrettyBytes writes a size as Wrangler does: three digits, by thousands.
func PrettyBytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	size, unit := float64(n), 0
	for size >= 1000 && unit < len(units)-1 {
		size /= 1000
		unit++
	}
	text := strconv.FormatFloat(size, 'f', -1, 64)
	if unit > 0 {
		digits := max(3-len(strconv.Itoa(int(size))), 0)
		text = strconv.FormatFloat(size, 'f', digits, 64)
		if digits > 0 {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
	}
	return text + " " + units[unit]
}

// BindingName turns a title into the name of a variable.
func BindingName(title string) string {
	name := strings.Map(func(c rune) rune {
		if c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return '_'
	}, title)
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		return "KV"
	}
	return name
}

// WriteFile writes a file, at once: what was there before stays if it fails.
func WriteFile(name string, content io.Reader) (err error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // a device, a pipe
		return writeTo(os.OpenFile(name, os.O_WRONLY, 0))(content)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".flint-get-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := writeTo(f, f.Chmod(0o644))(content); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// writeTo copies into an open file and closes it.
func writeTo(f *os.File, err error) func(io.Reader) error {
	return func(content io.Reader) error {
		if f == nil {
			return err
		}
		if err == nil {
			_, err = io.Copy(f, content)
		}
		return errors.Join(err, f.Close())
	}
}
