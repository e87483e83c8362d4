package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is a Markdown table that is also aligned for a terminal. The first
// column is text, the others are numbers.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(b *strings.Builder) {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	t.line(b, widths, t.head)
	for i, w := range widths {
		if i == 0 {
			b.WriteString("|" + strings.Repeat("-", w+2))
		} else {
			b.WriteString("|" + strings.Repeat("-", w+1) + ":")
		}
	}
	b.WriteString("|\n")
	for _, row := range t.rows {
		t.line(b, widths, row)
	}
	b.WriteByte('\n')
}

func (t *table) line(b *strings.Builder, widths []int, row []string) {
	for i, cell := range row {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == 0 {
			b.WriteString("| " + cell + pad + " ")
		} else {
			b.WriteString("| " + pad + cell + " ")
		}
	}
	b.WriteString("|\n")
}

const noValue = "–"

// median returns the median of list. That of an even number of values is the mean of the
// middle two, that of an empty list zero.
func median[T cmp.Ordered](list []T, mean func(a, b T) T) (m T) {
	if len(list) == 0 {
		return m
	}
	sorted := slices.Sorted(slices.Values(list))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return mean(sorted[n/2-1], sorted[n/2])
}

func medianOf(list []float64) float64 {
	return median(list, func(a, b float64) float64 { return (a + b) / 2 })
}

// ratio formats a/b as "2.4x".
func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return noValue
	}
	if a/b >= 10 {
		return fmt.Sprintf("%.0fx", a/b)
	}
	return fmt.Sprintf("%.1fx", a/b)
}

func percent(a, b float64) string {
	if a == 0 || b == 0 {
		return noValue
	}
	return fmt.Sprintf("%.0f %%", 100*a/b)
}

// count formats a rounded number with separators of thousands.
func count(f float64) string {
	if f == 0 {
		return noValue
	}
	if f < 100 {
		return fmt.Sprintf("%.1f", f)
	}
	s := fmt.Sprintf("%.0f", f)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// millis formats milliseconds with three digits.
func millis(ms float64) string {
	switch {
	case ms == 0:
		return noValue
	case ms < 10:
		return fmt.Sprintf("%.2f", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

func megabytes(bytes int64) string {
	if bytes == 0 {
		return noValue
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}
