package inference

// Budget is what one answer may still cost. Every step of the generator spends
// from it, so that no schema or prompt, however its parts multiply, takes more
// than a fraction of a second.
type Budget struct{ Remaining int }

// Spend takes n from the budget and reports whether that much was left.
func (w *Budget) Spend(n int) bool {
	w.Remaining -= n
	return w.Remaining >= 0
}
