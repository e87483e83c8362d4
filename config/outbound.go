package config

import (
	"path/filepath"
	"strings"
)

// outboundSpec is [outbound]. A mock may be the path of a file or folder of
// mocks, or a table; what the table holds is checked by the gate, which reads
// the same keys from YAML.
var outboundSpec = map[string]*spec{
	"allow": texts, "record": texts, "replay": texts, "cassettes": text, "ca": text,
	"mocks": listOf(&spec{kinds: []kind{kindText, kindTable}, item: anything, open: true}),
}

func (s *settingsReader) outbound(out *Outbound) {
	out.Allow = s.hosts("outbound::allow")
	out.Record = s.hosts("outbound::record")
	out.Replay = s.hosts("outbound::replay")
	if dir := s.viper.GetString("outbound::cassettes"); dir != "" {
		out.Cassettes = s.path("outbound::cassettes", dir)
	} else if len(out.Record)+len(out.Replay) > 0 {
		out.Cassettes = filepath.Join(s.project.Root, "cassettes")
	}
	if file := s.viper.GetString("outbound::ca"); file != "" {
		out.CA = s.path("outbound::ca", file)
	}
	if _, fromFile := s.source("outbound::mocks"); !fromFile {
		for _, path := range s.list("outbound::mocks") {
			out.Mocks = append(out.Mocks, s.path("outbound::mocks", path))
		}
		return
	}
	if s.flint == nil {
		return
	}
	for _, n := range s.flint.root.get("outbound").get("mocks").list() {
		if n.kind == kindTable {
			out.MockList, out.File = append(out.MockList, n.raw()), s.flint.path
			continue
		}
		out.Mocks = append(out.Mocks, absolute(s.project.Root, n.str()))
	}
}

// hosts are entries for the gate: a host, host:port, *.host or *.
func (s *settingsReader) hosts(key string) []string {
	out := s.list(key)
	for _, entry := range out {
		host := entry
		if _, rest, ok := strings.Cut(entry, "://"); ok {
			host = rest // the gate leaves it out
		}
		if strings.ContainsAny(host, " \t") || strings.LastIndexByte(host, '*') > 0 {
			s.errorf(key, "found %s, want a host, host:port, *.example.com, or * for all", quoted(entry))
		}
	}
	return out
}
