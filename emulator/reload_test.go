package emulator_test

import (
	"path/filepath"
	"strings"
	"testing"

	"flint/config"
	"flint/internal/testkit"
)

// A saved flint.toml is taken over in part; of the rest flint says what to do.
func TestSettingsThatNeedARestart(t *testing.T) {
	t.Parallel()
	log := testkit.NewLog()
	dir := project(t, workerFiles("work", producer, toJobs))
	file := filepath.Join(dir, "flint.toml")
	start(t, dir, log, func(p *config.Project) { p.Settings.Watch = true })
	testkit.WriteFile(t, file, "workers = [\"work\"]\n[ai]\nstrict = true\n")
	log.Wait(t, "the advice", func(r testkit.Record) bool { return strings.Contains(r.Message, "restart flint for the others") })
}
