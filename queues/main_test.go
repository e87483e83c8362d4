package queues

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// TestMain keeps the model test short: each of its crashes syncs a disk. Say
// -rapid.checks=1000 for a long run.
func TestMain(m *testing.M) {
	_ = flag.Set("rapid.checks", "30")
	goleak.VerifyTestMain(m)
}
