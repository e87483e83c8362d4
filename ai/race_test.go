//go:build race

package ai

// What the race detector costs, in memory and time. Under it a sync.Pool drops
// some of what it is given, and each regexp makes its buffers again.
const (
	raceMemory = 4
	raceTime   = 5
)
