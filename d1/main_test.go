package d1

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("FLINT_D1_CRASH_DIR"); dir != "" {
		crashWriter(dir) // the helper process of TestKill
		return
	}
	if dir := os.Getenv("FLINT_D1_PAST_DIR"); dir != "" {
		crashTraveller(dir) // the helper process of TestKillInMidRestore
		return
	}
	if path := os.Getenv("FLINT_D1_OTHER_FILE"); path != "" {
		otherProcess(path, os.Getenv("FLINT_D1_OTHER_DOES")) // of TestBesideAnotherProcess
		return
	}
	goleak.VerifyTestMain(m)
}
