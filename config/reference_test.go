package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const settingsFile = "../docs/SETTINGS.md"

// TestSettingsDocument holds docs/SETTINGS.md, which says what the code knows.
func TestSettingsDocument(t *testing.T) {
	t.Parallel()
	want := settingsDocument()
	if *update {
		if err := os.WriteFile(settingsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(settingsFile)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the code says (%v): go test ./config -run TestSettingsDocument -update", settingsFile, err)
	}
}

// TestSettingKeys holds the table of settings against the keys of flint.toml.
func TestSettingKeys(t *testing.T) {
	t.Parallel()
	var described []string
	for _, k := range settingKeys {
		described = append(described, k.name)
	}
	var known []string
	for name, s := range flintSpec {
		if s.fields == nil {
			known = append(known, name)
			continue
		}
		for field := range s.fields {
			known = append(known, name+"::"+field)
		}
	}
	slices.Sort(described)
	slices.Sort(known)
	if !slices.Equal(described, known) {
		t.Errorf("described:\n%q\nknown:\n%q", described, known)
	}
}

func settingsDocument() string {
	var b strings.Builder
	b.WriteString(`# Settings

<!-- Written from config/settings_table.go and config/keys.go: go test ./config -run TestSettingsDocument -update -->

## flint.toml, variables and flags

` + "Every key of `flint.toml`. A flag of `flint dev` wins over the variable, that over the file, and that over the default. [CONFIGURATION.md](CONFIGURATION.md)\n" +
		"shows a whole file.\n")
	section := ""
	for _, k := range settingKeys {
		table, _, nested := strings.Cut(k.name, "::")
		if !nested {
			table = "the top of the file"
		} else {
			table = "`[" + table + "]`"
		}
		if table != section {
			section = table
			fmt.Fprintf(&b, "\nIn %s:\n\n| Key | Flag | Variable | Default | |\n|---|---|---|---|---|\n", section)
		}
		b.WriteString(settingRow(k))
	}
	b.WriteString("\n## The Wrangler file\n\n" +
		"Keys at the top of a Wrangler file. *Own*: an environment has only what it sets itself, as for all bindings. *Top*: the key belongs at the top only.\n" +
		"What is not served is named in one warning at start, and a binding of that kind throws when it is used.\n")
	for _, list := range []struct {
		title  string
		served served
	}{{"Served", yes}, {"Without effect on a local run, at Wrangler as well", quiet}, {"Not served yet", no}} {
		b.WriteString("\n" + list.title + ": " + wranglerList(list.served) + ".\n")
	}
	return b.String()
}

func settingRow(k settingKey) string {
	name := k.name[strings.LastIndex(k.name, ":")+1:]
	flagText, variable, value := "", "", ""
	switch {
	case k.value == true && k.flag:
		flagText = "`--no-" + flagName(name) + "`"
	case k.flag:
		flagText = "`--" + flagName(name) + "`"
	}
	if !slices.Contains([]string{"workers", "pages", "kv::namespaces", "r2::domains", "r2::notifications"}, k.name) {
		variable = "`FLINT_" + strings.ToUpper(strings.ReplaceAll(k.name, "::", "_")) + "`"
	}
	if k.value != nil {
		value = fmt.Sprintf("`%v`", k.value)
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", name, flagText, variable, value, k.about)
}

func wranglerList(s served) string {
	var out []string
	for name, k := range wranglerKeys {
		if k.served != s {
			continue
		}
		text := "`" + name + "`"
		switch k.scope {
		case own:
			text += " (own)"
		case topLevel:
			text += " (top)"
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
