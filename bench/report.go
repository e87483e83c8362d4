package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// loadKey is one row of the load tables.
type loadKey struct {
	what        string // an operation's name, a growth step's with growthPrefix, or quizFlow
	connections int
}

const (
	growthPrefix = "growth "
	quizFlow     = "quiz flow"
)

// series holds measured values by row and side. The rows keep their order.
type series[K comparable, V any] struct {
	rows   []K
	values map[K]map[string][]V
}

func (s *series[K, V]) add(row K, side string, v V) {
	if s.values == nil {
		s.values = map[K]map[string][]V{}
	}
	if s.values[row] == nil {
		s.rows = append(s.rows, row)
		s.values[row] = map[string][]V{}
	}
	s.values[row][side] = append(s.values[row][side], v)
}

// medianOf returns the median of number over the values of a row and side.
func (s *series[K, V]) medianOf(row K, side string, number func(V) float64) float64 {
	var list []float64
	for _, v := range s.values[row][side] {
		list = append(list, number(v))
	}
	return medianOf(list)
}

// report collects the measurements of a run.
type report struct {
	*options
	machine   machine
	loads     series[loadKey, sample]
	times     series[string, float64] // ms
	speeds    series[string, float64] // MB/s
	flowRates series[string, float64] // messages/s
	memories  series[string, usage]
	notes     []string
}

func newReport(o *options) (*report, error) {
	r := &report{options: o}
	var err error
	r.machine, err = thisMachine(o)
	return r, err
}

func (r *report) addLoad(key loadKey, side string, s sample) { r.loads.add(key, side, s) }

func (r *report) addTime(what, side string, d time.Duration) {
	r.times.add(what, side, float64(d.Microseconds())/1000)
}

func (r *report) addSpeed(what, side string, bytes int, d time.Duration) {
	r.speeds.add(what, side, float64(bytes)/1e6/d.Seconds())
}

func (r *report) addFlowRate(what, side string, messages int, d time.Duration) {
	r.flowRates.add(what, side, float64(messages)/d.Seconds())
}

func (r *report) addMemory(when, side string, u usage) { r.memories.add(when, side, u) }

func (r *report) note(text string) {
	if !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
	}
}

// noteFailure notes in the report that something could not be measured.
func (r *report) noteFailure(format string, args ...any) {
	text := "**Not measured**: " + fmt.Sprintf(format, args...)
	progress("%s", text)
	r.note(strings.TrimSuffix(text, ".") + ".")
}

func rate(s sample) float64      { return s.rate }
func identity(f float64) float64 { return f }
