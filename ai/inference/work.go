package inference

// Work is what is left of the effort that one answer may cost. Every step of a
// generator takes from it, so that no schema or prompt, however it multiplies,
// costs more than a fraction of a second.
type Work struct{ Left int }

// Take reports whether n more were left.
func (w *Work) Take(n int) bool {
	w.Left -= n
	return w.Left >= 0
}
