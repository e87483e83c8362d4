package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cast"
	"github.com/spf13/viper"
)

// readSettings lays flags over FLINT_* over flint.toml over defaults. The keys
// are those of flint.toml; "kv.driver" is FLINT_KV_DRIVER.
func (l *loader) readSettings() error {
	v := viper.NewWithOptions(
		viper.KeyDelimiter("::"), // hosts under r2.domains hold dots
		viper.EnvKeyReplacer(strings.NewReplacer("::", "_")),
	)
	v.SetEnvPrefix("FLINT")
	v.AutomaticEnv()
	l.setDefaults(v)
	if l.flint != nil {
		if err := v.MergeConfigMap(l.flint.root.plain().(map[string]any)); err != nil {
			return err
		}
	}
	if err := l.bindFlags(v); err != nil {
		return err
	}
	s := &settingsReader{loader: l, viper: v}
	s.read(&l.project.Settings)
	return nil
}

// setDefaults sets those of the table, and over them [dev] of the Wrangler file.
func (l *loader) setDefaults(v *viper.Viper) {
	for _, k := range settingKeys {
		if k.value != nil {
			v.SetDefault(k.name, k.value)
		}
	}
	if ip := l.dev.get("ip").str(); ip != "" {
		v.SetDefault("ip", ip)
	}
	for _, key := range []string{"port", "inspector_port"} {
		if n := l.dev.get(key); n != nil {
			v.SetDefault(key, int(n.num))
		}
	}
}

// bindFlags takes --control-port for control_port, and --no-watch for the
// opposite of watch.
func (l *loader) bindFlags(v *viper.Viper) error {
	if l.opt.Flags == nil {
		return nil
	}
	for _, k := range settingKeys {
		if !k.flag {
			continue
		}
		if f := l.opt.Flags.Lookup(flagName(k.name)); f != nil {
			if err := v.BindPFlag(k.name, f); err != nil {
				return err
			}
		}
		if f := l.opt.Flags.Lookup("no-" + k.name); f != nil && f.Changed {
			v.Set(k.name, f.Value.String() != "true")
		}
	}
	return nil
}

func flagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

// settingsReader converts strictly: viper alone would read FLINT_PORT=abc as 0.
type settingsReader struct {
	*loader
	viper *viper.Viper
}

func (s *settingsReader) read(out *Settings) {
	out.IP = s.ip("ip")
	out.Port = s.number("port", 0, 65535)
	out.ControlPort = s.number("control_port", 0, 65535)
	out.S3Port = s.number("s3_port", 0, 65535)
	out.InspectorPort = s.number("inspector_port", 0, 65535)
	out.State = s.path("state", or(s.viper.GetString("state"), filepath.Join(s.project.Root, ".flint")))
	out.Ephemeral = s.flag("ephemeral")
	out.Isolates = s.number("isolates", 1, maxIsolates)
	out.Watch = s.flag("watch")
	out.Install = s.flag("install")
	out.LogFormat = s.choice("log_format", "pretty", "json")
	out.KVDriver = s.driver("kv::driver", "memory", "redis", "rediss", "unix")
	out.KV = KVRules{WriteLimit: s.flag("kv::write_limit")}
	if s.choice("kv::consistency", Immediate, Eventual) == Eventual {
		out.KV.Consistency = Eventual
	}
	out.KVByID = s.namespaces(out.KV)
	if n := s.number("queues::message_retention_period", minRetention, maxRetention); n != defaultRetention {
		out.QueueRetention = time.Duration(n) * time.Second
	}
	out.R2Driver = s.driver("r2::driver", "disk", "s3", "s3s")
	out.R2Key = s.r2Key()
	s.outbound(&out.Outbound)
	out.Try = s.list("try")
	for _, dir := range s.list("ai::scripts") {
		out.AIScripts = append(out.AIScripts, s.path("ai::scripts", dir))
	}
	out.AI = s.ai()
	out.R2Public = s.list("r2::public")
	out.R2Domains = s.domains()
	out.R2Events = s.notifications()
	s.distinctPorts(out)
}

// source is where a value came from, for an error.
func (s *settingsReader) source(key string) (name string, fromFile bool) {
	if s.opt.Flags != nil {
		for _, name := range []string{flagName(key), "no-" + flagName(key)} {
			if f := s.opt.Flags.Lookup(name); f != nil && f.Changed {
				return "--" + name, false
			}
		}
	}
	if env := "FLINT_" + strings.ToUpper(strings.ReplaceAll(key, "::", "_")); os.Getenv(env) != "" {
		return env, false
	}
	return strings.ReplaceAll(key, "::", "."), true
}

func (s *settingsReader) errorf(key, format string, args ...any) {
	name, fromFile := s.source(key)
	p := Problem{Key: name, Text: fmt.Sprintf(format, args...)}
	if fromFile && s.flint != nil {
		p.File = s.flint.report.file
		if n := s.lookup(key); n != nil {
			p.Line, p.Column = n.pos.line, n.pos.col
		}
	}
	s.problems = append(s.problems, p)
}

// at reports a mistake at a place in flint.toml.
func (s *settingsReader) at(pos position, key, text string) {
	s.problems = append(s.problems, Problem{s.flint.report.file, pos.line, pos.col, key, text})
}

func (s *settingsReader) lookup(key string) *node {
	n := s.flint.root
	for _, part := range strings.Split(key, "::") {
		n = n.get(part)
	}
	return n
}

func (s *settingsReader) number(key string, least, most int) int {
	raw := strings.TrimSpace(fmt.Sprint(s.viper.Get(key)))
	n, err := strconv.Atoi(raw)
	if err != nil || n < least || n > most {
		s.errorf(key, "found %s, want a whole number from %d to %d", quoted(raw), least, most)
		return least
	}
	return n
}

func (s *settingsReader) flag(key string) bool {
	raw := s.viper.Get(key)
	if raw == nil {
		return false
	}
	yes, err := cast.ToBoolE(raw)
	if err != nil {
		s.errorf(key, "found %s, want true or false", quoted(fmt.Sprint(raw)))
	}
	return yes
}

func (s *settingsReader) choice(key string, values ...string) string {
	got := s.viper.GetString(key)
	for _, v := range values {
		if got == v {
			return got
		}
	}
	s.errorf(key, "found %s, want %s", quoted(got), strings.Join(values, " or "))
	return values[0]
}

func (s *settingsReader) ip(key string) string {
	got := s.viper.GetString(key)
	if got != "localhost" && net.ParseIP(got) == nil {
		s.errorf(key, "found %s, want an IP address or localhost", quoted(got))
	}
	return got
}

// driver takes a plain name or a URL with one of the schemes. The URL may hold
// a password, so it is not shown.
func (s *settingsReader) driver(key, plain string, schemes ...string) string {
	got := s.viper.GetString(key)
	if got == plain {
		return got
	}
	u, err := url.Parse(got)
	if err == nil && (u.Host != "" || u.Scheme == "unix" && u.Path != "") {
		for _, scheme := range schemes {
			if u.Scheme == scheme {
				return got
			}
		}
	}
	s.errorf(key, "want %q or a URL %s://…", plain, schemes[0])
	return plain
}

func (s *settingsReader) list(key string) []string {
	var out []string
	raw := s.viper.Get(key)
	if text, ok := raw.(string); ok {
		raw = strings.Split(text, ",")
	}
	for _, item := range cast.ToStringSlice(raw) {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// path is relative to flint.toml when it stands there, else to the given folder.
func (s *settingsReader) path(key, p string) string {
	if _, fromFile := s.source(key); fromFile {
		return absolute(s.project.Root, p)
	}
	return absolute(s.opt.Dir, p)
}

func (s *settingsReader) distinctPorts(out *Settings) {
	seen := map[int]string{}
	for _, p := range []struct {
		key  string
		port int
	}{{"port", out.Port}, {"control_port", out.ControlPort}, {"s3_port", out.S3Port}, {"inspector_port", out.InspectorPort}} {
		if other, twice := seen[p.port]; twice && p.port != 0 {
			s.errorf(p.key, "%d is also %s; each needs its own", p.port, other)
		}
		seen[p.port] = p.key
	}
}

// duration reads a text such as 250ms or 2s; a missing one is zero.
func (s *settingsReader) duration(key string, most time.Duration) time.Duration {
	got := s.viper.GetString(key)
	if got == "" || got == "0" {
		return 0
	}
	d, err := time.ParseDuration(got)
	if err != nil || d < 0 || d > most {
		s.errorf(key, "found %s, want a time such as 250ms, at most %s", quoted(got), most)
		return 0
	}
	return d
}

// address takes an http or https URL without a user: keys stay out of files.
func (s *settingsReader) address(key string) string {
	got := s.viper.GetString(key)
	if got == "" {
		return ""
	}
	u, err := url.Parse(got)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		s.errorf(key, "want an address such as http://127.0.0.1:11434/v1, without a user or key in it")
		return ""
	}
	return got
}
