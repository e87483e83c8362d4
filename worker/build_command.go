package worker

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"flint/config"
	"flint/worker/bundle"
)

// commandLimit bounds build.command.
const commandLimit = 5 * time.Minute

// runBuildCommand runs the Worker's own build step, if it has one.
// https://developers.cloudflare.com/workers/wrangler/custom-builds/
func (r *Runtime) runBuildCommand(ctx context.Context, cfg *config.Worker) error {
	if cfg.Build.Command == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", cfg.Build.Command)
	cmd.Dir = cfg.Build.Cwd
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if text := strings.TrimSpace(string(out)); text != "" {
		r.log.Info("build.command: " + text)
	}
	if err != nil {
		return &bundle.Error{Messages: []bundle.Message{{Text: fmt.Sprintf("build.command `%s` failed: %v", cfg.Build.Command, err)}}}
	}
	return nil
}
