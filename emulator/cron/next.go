package cron

import (
	"math/bits"
	"time"
)

// horizon bounds the search: February 29 is at most eight years away.
const horizon = 9 * 366

// Next is the first time after t at which the schedule fires, in UTC at a full
// minute; zero when there is none.
func (s Schedule) Next(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Minute).Add(time.Minute)
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	from := t.Hour()*60 + t.Minute()
	for range horizon {
		if s.matchDate(day) {
			if at, ok := s.timeOfDay(from); ok {
				return day.Add(time.Duration(at) * time.Minute)
			}
		}
		day, from = day.AddDate(0, 0, 1), 0
	}
	return time.Time{}
}

// timeOfDay is the first matching minute of a day that is not before from.
func (s Schedule) timeOfDay(from int) (int, bool) {
	for h := from / 60; h < 24; h++ {
		if s.hour&(1<<h) != 0 {
			if left := s.minute >> (from % 60) << (from % 60); left != 0 {
				return h*60 + bits.TrailingZeros64(left), true
			}
		}
		from = 0
	}
	return 0, false
}

func (s Schedule) matchDate(d time.Time) bool {
	if s.month&(1<<d.Month()) == 0 {
		return false
	}
	switch {
	case s.anyDayOfMonth && s.dowStar:
		return true
	case s.anyDayOfMonth:
		return s.matchWeekday(d)
	case s.dowStar:
		return s.matchDay(d)
	}
	return s.matchDay(d) || s.matchWeekday(d)
}

func (s Schedule) matchDay(d time.Time) bool {
	end := daysIn(d)
	switch {
	case s.last && s.weekday:
		return d.Day() == nearestWeekday(d, end)
	case s.last:
		return d.Day() == end-s.lastOffset
	case s.weekday:
		target := bits.TrailingZeros64(s.daysOfMonth)
		return target <= end && d.Day() == nearestWeekday(d, target)
	}
	return s.daysOfMonth&(1<<d.Day()) != 0
}

func (s Schedule) matchWeekday(d time.Time) bool {
	weekday := int(d.Weekday()) + 1
	switch {
	case s.nth > 0:
		return weekday == s.nthDay && (d.Day()-1)/7+1 == s.nth
	case s.lastDay > 0:
		return weekday == s.lastDay && d.Day()+7 > daysIn(d)
	}
	return s.daysOfWeek&(1<<weekday) != 0
}

func daysIn(d time.Time) int {
	return time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// nearestWeekday is the day from Monday to Friday of d's month that is nearest
// to day; it does not leave the month.
func nearestWeekday(d time.Time, day int) int {
	switch time.Date(d.Year(), d.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return 3
		}
		return day - 1
	case time.Sunday:
		if day == daysIn(d) {
			return day - 2
		}
		return day + 1
	}
	return day
}
