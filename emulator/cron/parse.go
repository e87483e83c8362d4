package cron

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule is a parsed cron expression. A date matches when its month does and
// its day of the month or its day of the week does; a day field that is a star
// leaves the decision to the other one.
type Schedule struct {
	expr                   string
	minute, hour, month    uint64 // bit n = value n
	daysOfMonth            uint64
	daysOfWeek             uint64 // bit 1 = Sunday … 7 = Saturday
	anyDayOfMonth, dowStar bool
	last, weekday          bool // L, LW; nearest weekday of the days in dom (15W)
	lastOffset             int  // L-3
	nth, nthDay, lastDay   int  // MON#2; FRIL
}

type field struct {
	name     string
	min, max int
	names    []string // of min, min+1 …
}

var (
	minutes  = field{name: "minute", max: 59}
	hours    = field{name: "hour", max: 23}
	days     = field{name: "day of the month", min: 1, max: 31}
	months   = field{name: "month", min: 1, max: 12, names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	weekdays = field{name: "day of the week", min: 1, max: 7, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
)

// Parse reads minute, hour, day of the month, month and day of the week. Days
// of the week are 1 (Sunday) to 7; names of months and days are known in any
// case. Beside * , - and / it knows L, L-n, W and LW for days of the month,
// and L and # for days of the week. The error names the field.
func Parse(expr string) (Schedule, error) {
	parts := strings.Fields(strings.ToUpper(expr))
	if len(parts) != 5 {
		return Schedule{}, fmt.Errorf("cron %q has %d fields, not 5: minute, hour, day of the month, month, day of the week", expr, len(parts))
	}
	s := Schedule{expr: expr, anyDayOfMonth: parts[2] == "*", dowStar: parts[4] == "*"}
	steps := []func() error{
		func() (err error) { s.minute, err = minutes.parse(parts[0]); return },
		func() (err error) { s.hour, err = hours.parse(parts[1]); return },
		func() error { return s.parseDays(parts[2]) },
		func() (err error) { s.month, err = months.parse(parts[3]); return },
		func() error { return s.parseWeekdays(parts[4]) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return Schedule{}, fmt.Errorf("cron %q: %w", expr, err)
		}
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("cron %q never fires: no such date", expr)
	}
	return s, nil
}

// String is the expression as it was written.
func (s Schedule) String() string { return s.expr }

func (s *Schedule) parseDays(text string) (err error) {
	switch {
	case text == "L":
		s.last = true
	case text == "LW":
		s.last, s.weekday = true, true
	case strings.HasPrefix(text, "L-"):
		s.last = true
		s.lastOffset, err = strconv.Atoi(text[2:])
		if err != nil || s.lastOffset < 1 || s.lastOffset > 30 {
			return days.invalid(text)
		}
	case strings.HasSuffix(text, "W"):
		day, err := days.value(strings.TrimSuffix(text, "W"))
		if err != nil {
			return err
		}
		s.daysOfMonth, s.weekday = 1<<day, true
	default:
		s.daysOfMonth, err = days.parse(text)
	}
	return err
}

func (s *Schedule) parseWeekdays(text string) (err error) {
	if text == "L" {
		text = "SATL" // the last day of the week
	}
	day, nth, isNth := strings.Cut(text, "#")
	switch {
	case isNth:
		if s.nthDay, err = weekdays.value(day); err != nil {
			return err
		}
		s.nth, err = strconv.Atoi(nth)
		if err != nil || s.nth < 1 || s.nth > 5 {
			return weekdays.invalid(text)
		}
	case strings.HasSuffix(text, "L"):
		s.lastDay, err = weekdays.value(strings.TrimSuffix(text, "L"))
	default:
		s.daysOfWeek, err = weekdays.parse(text)
	}
	return err
}

func (f field) invalid(text string) error {
	allowed := fmt.Sprintf("%d to %d", f.min, f.max)
	if f.names != nil {
		allowed += fmt.Sprintf(" or %s to %s", f.names[0], f.names[len(f.names)-1])
	}
	return fmt.Errorf("%q is not a valid %s (%s, with * , - and /)", text, f.name, allowed)
}

// parse reads a list of values, ranges and steps into a bit set.
func (f field) parse(text string) (uint64, error) {
	var set uint64
	for item := range strings.SplitSeq(text, ",") {
		bits, err := f.item(item)
		if err != nil {
			return 0, err
		}
		set |= bits
	}
	return set, nil
}

// item reads a, a-b, a/n, a-b/n, * or */n. A range may wrap: FRI-MON.
func (f field) item(text string) (uint64, error) {
	span, stepText, stepped := strings.Cut(text, "/")
	step := 1
	if stepped {
		n, err := strconv.Atoi(stepText)
		if err != nil || n < 1 || n > f.max {
			return 0, f.invalid(text)
		}
		step = n
	}
	from, to, err := f.span(span, stepped)
	if err != nil {
		return 0, err
	}
	size := f.max - f.min + 1
	var set uint64
	for i := 0; i <= (to-from+size)%size; i += step {
		set |= 1 << (f.min + (from-f.min+i)%size)
	}
	return set, nil
}

func (f field) span(text string, stepped bool) (from, to int, err error) {
	if text == "*" {
		return f.min, f.max, nil
	}
	a, b, isRange := strings.Cut(text, "-")
	if from, err = f.value(a); err != nil {
		return 0, 0, err
	}
	switch {
	case isRange:
		to, err = f.value(b)
	case stepped:
		to = f.max // 5/15: from 5 on
	default:
		to = from
	}
	return from, to, err
}

func (f field) value(text string) (int, error) {
	for i, name := range f.names {
		if text == name {
			return f.min + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.min || n > f.max || text[0] == '+' {
		return 0, f.invalid(text)
	}
	return n, nil
}
