//go:build race

package ai

// What the race detector costs, in memory and time.
const (
	raceMemory = 2
	raceTime   = 10
)
