package config

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"time"
)

// These are the settings that are more than one value: lists of tables, pairs,
// and what belongs to one service.

var (
	hostName    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
	namespaceID = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// namespaces reads [[kv.namespaces]]; what one leaves open is as for all.
func (s *settingsReader) namespaces(all KVRules) (out []KVNamespaceRule) {
	if s.flint == nil {
		return nil
	}
	for _, n := range s.flint.root.get("kv").get("namespaces").list() {
		rule := KVNamespaceRule{n.get("id").str(), all}
		rule.Consistency = or(n.get("consistency").str(), rule.Consistency)
		if limit := n.get("write_limit"); limit != nil {
			rule.WriteLimit = limit.boolean()
		}
		if !s.bindsKV(rule.ID) {
			s.project.Warnings = append(s.project.Warnings, Problem{
				s.flint.report.file, n.pos.line, n.pos.col, "kv.namespaces",
				fmt.Sprintf("no Worker has a KV namespace with the binding or id %q", rule.ID),
			}.String())
		}
		out = append(out, rule)
	}
	return out
}

// bindsKV reports whether a Worker has a namespace, by id or binding. One that
// was made by command or API has an id of 32 hex digits.
func (s *settingsReader) bindsKV(name string) bool {
	if namespaceID.MatchString(name) {
		return true
	}
	for i := range s.project.Workers {
		for _, kv := range s.project.Workers[i].KV {
			if kv.ID == name || kv.Binding == name {
				return true
			}
		}
	}
	return false
}

// domains reads [r2.domains], where a host has the name of its bucket or a table.
func (s *settingsReader) domains() map[string]R2Domain {
	if s.flint == nil {
		return nil
	}
	table := s.flint.root.get("r2").get("domains")
	if table.empty() {
		return nil
	}
	out := map[string]R2Domain{}
	for _, f := range table.keys {
		if !hostName.MatchString(f.name) {
			s.at(f.pos, dotted("r2.domains", f.name), "is not the name of a host, such as media.example.com")
		}
		out[strings.ToLower(f.name)] = R2Domain{or(f.value.str(), f.value.get("bucket").str()), f.value.get("not_found").str()}
	}
	return out
}

// r2Key reads the fixed token of the S3 API: both halves or none. The id stands
// in a credential between slashes.
func (s *settingsReader) r2Key() R2Key {
	const id, secret = "r2::access_key_id", "r2::secret_access_key"
	k := R2Key{s.viper.GetString(id), s.viper.GetString(secret)}
	switch {
	case k.AccessKeyID == "" && k.SecretAccessKey != "":
		s.errorf(secret, "give access_key_id too")
	case k.AccessKeyID != "" && k.SecretAccessKey == "":
		s.errorf(id, "give secret_access_key too")
	case strings.ContainsAny(k.AccessKeyID, "/, \t\r\n"):
		s.errorf(id, "must not hold a space, a comma or a slash")
	}
	return k
}

// notifications reads [[r2.notifications]].
func (s *settingsReader) notifications() (out []R2Notification) {
	if s.flint == nil {
		return nil
	}
	for _, n := range s.flint.root.get("r2").get("notifications").list() {
		rule := R2Notification{Bucket: n.get("bucket").str(), Queue: n.get("queue").str(), Prefix: n.get("prefix").str(), Suffix: n.get("suffix").str()}
		if events := n.get("events"); len(events.list()) == 0 {
			s.at(events.pos, "r2.notifications.events", "is empty; name object-create, object-delete or one of their actions")
		}
		for _, e := range n.get("events").list() {
			rule.Events = append(rule.Events, e.str())
		}
		out = append(out, rule)
	}
	return out
}

// maxTokensPerSecond is far above what a stream can carry; 0 does not wait.
const maxTokensPerSecond = 100_000

func (s *settingsReader) ai() AIRules {
	out := AIRules{
		Strict: s.flag("ai::strict"), Seed: s.number("ai::seed", 0, math.MaxInt32), TokensPerSecond: s.number("ai::tokens_per_second", 0, maxTokensPerSecond),
		TimeToFirstToken: s.duration("ai::time_to_first_token", time.Minute), BackendKey: os.Getenv("FLINT_AI_BACKEND_KEY"),
		BackendModel: s.viper.GetString("ai::backend_model"), EmbeddingModel: s.viper.GetString("ai::backend_embedding_model"),
		Record: s.flag("ai::record"),
	}
	if dir := s.viper.GetString("ai::recordings"); dir != "" {
		out.Recordings = s.path("ai::recordings", dir)
	}
	out.Backend = s.address("ai::backend")
	if out.Record && out.Backend == "" {
		s.errorf("ai::record", "there is no backend whose answers could be recorded; set ai.backend")
	}
	return out
}
