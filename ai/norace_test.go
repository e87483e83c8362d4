//go:build !race

package ai

const (
	raceMemory = 1
	raceTime   = 1
)
