// Package intercept is the chain of hooks that every binding call passes on its way to
// a service. The journal of calls, injected faults and the meter of operations are
// hooks. A service wraps each call as an Op and runs it by Chain.Do; without a hook
// that costs one atomic load.
//
// The package knows no service and no protocol.
package intercept
