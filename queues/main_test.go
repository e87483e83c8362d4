package queues

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain keeps the model test short: each of its crashes syncs a disk. Say
// -rapid.checks=1000 for a long run.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		fmt.Fprintln(os.Stderr, child(os.Args[1], os.Args[2]))
		os.Exit(1)
	}
	_ = flag.Set("rapid.checks", "30")
	goleak.VerifyTestMain(m)
}
