// Package intercept is the one place that every binding call passes on its way
// to a service: the journal, faults and the meter hook in here. With no hook
// in place a call costs one atomic load.
package intercept
