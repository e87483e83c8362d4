package testkit

import (
	"context"
	"testing"
	"time"
)

// Advance moves a clock (a *clock.Virtual or an emulator) forward and fails the test if
// it cannot.
func Advance(t testing.TB, c interface {
	Advance(ctx context.Context, d time.Duration) error
}, d time.Duration) {
	t.Helper()
	if err := c.Advance(context.Background(), d); err != nil {
		t.Fatal(err)
	}
}
