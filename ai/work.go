package ai

// work is what is left of the effort that one answer may cost. Every step of a
// generator takes from it, so that no schema or prompt, however it multiplies,
// costs more than a fraction of a second.
type work struct{ left int }

// take reports whether n more were left.
func (w *work) take(n int) bool {
	w.left -= n
	return w.left >= 0
}

// spend takes n from the work of the answer, which fails when there is no more.
func (g *generator) spend(n int) {
	if !g.work.take(n) && g.err == nil {
		g.err = errJSONMode
	}
}
