package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

func (a root) doctor() *cobra.Command {
	var install bool
	cmd := &cobra.Command{
		Use:   "doctor [DIR]",
		Short: "Say what is missing on this machine and the command that mends it",
		Args:  cli.AtMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return a.runDoctor(cmd, dir, install)
		},
	}
	cmd.Flags().BoolVar(&install, "install", false, "install workerd and the polyfills of Node's modules when they are missing")
	return cmd
}

// finding is one line of the report; mend is empty when all is well.
type finding struct{ what, state, mend string }

func (f finding) mark() string {
	switch {
	case f.mend == "":
		return "ok     "
	case f.what == "project":
		return "wrong  "
	}
	return "missing"
}

func (a root) runDoctor(cmd *cobra.Command, dir string, install bool) error {
	ctx := cmd.Context()
	p, loadErr := a.Load(dir, cmd.Flags())
	if _, err := emulator.FindRuntime(ctx, p); err != nil && install {
		if err := a.installRuntime(ctx); err != nil {
			return err
		}
	}
	if emulator.FindPolyfills() == "" && install {
		if err := emulator.InstallPolyfills(ctx); err != nil {
			return err
		}
	}
	findings := []finding{runtimeFinding(ctx, p), polyfillsFinding(), npmFinding(), sqliteFinding(), projectFinding(p, loadErr)}
	if p != nil {
		findings = append(findings, stateFinding(p), kvFinding(ctx, p), r2Finding(ctx, p))
	}
	missing := 0
	for _, f := range findings {
		fmt.Fprintf(a.Streams.Out, "%s  %-9s %s\n", f.mark(), f.what, f.state)
		if f.mend != "" {
			missing++
			fmt.Fprintf(a.Streams.Out, "         -> %s\n", f.mend)
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d to mend", missing)
	}
	return nil
}

func runtimeFinding(ctx context.Context, p *config.Project) finding {
	b, err := emulator.FindRuntime(ctx, p)
	if err != nil {
		return finding{"workerd", err.Error(), "flint doctor --install"}
	}
	state := fmt.Sprintf("%s (%s: %s)", b.Version, b.Source, b.Path)
	if b.Skipped != "" {
		state += "; " + b.Skipped
	}
	return finding{"workerd", state, ""}
}

func polyfillsFinding() finding {
	dir := emulator.FindPolyfills()
	if dir == "" {
		return finding{"polyfills", "not installed; Workers with nodejs_compat import them where workerd lacks a module of Node's", "flint doctor --install"}
	}
	return finding{"polyfills", dir, ""}
}

func npmFinding() finding {
	path, err := exec.LookPath("npm")
	if err != nil {
		return finding{"npm", "not found; needed to install workerd and a Worker's packages, not to run", "install Node.js with npm"}
	}
	return finding{"npm", path, ""}
}

func sqliteFinding() finding {
	if err := emulator.CheckBuild(); err != nil {
		return finding{"SQLite", err.Error(), "build flint with `make build`"}
	}
	return finding{"SQLite", "FTS5, math functions, scan status", ""}
}

func projectFinding(p *config.Project, err error) finding {
	if err != nil {
		return finding{"project", err.Error(), "mend the file, or name the project's folder: flint doctor DIR"}
	}
	names := make([]string, len(p.Workers))
	for i := range p.Workers {
		names[i] = p.Workers[i].Name
	}
	return finding{"project", fmt.Sprintf("%s (%s)", p.Root, strings.Join(names, ", ")), ""}
}

func kvFinding(ctx context.Context, p *config.Project) finding {
	driver := p.Redacted().Settings.KVDriver
	if err := emulator.CheckKV(ctx, p); err != nil {
		return finding{"KV", err.Error(), "start that Redis (docker-compose.yml in flint's folder runs one), or set [kv] driver in flint.toml"}
	}
	return finding{"KV", driver, ""}
}

func r2Finding(ctx context.Context, p *config.Project) finding {
	if err := emulator.CheckR2(ctx, p); err != nil {
		return finding{"R2", err.Error(), "start that S3 store (docker-compose.yml in flint's folder runs one), or set [r2] driver in flint.toml"}
	}
	return finding{"R2", p.Redacted().Settings.R2Driver, ""}
}

func stateFinding(p *config.Project) finding {
	if run, err := emulator.ReadRun(p.Settings.State); err == nil {
		return finding{"state", fmt.Sprintf("%s, in use by pid %d at %s", p.Settings.State, run.PID, run.URL), ""}
	}
	return finding{"state", p.Settings.State, ""}
}
