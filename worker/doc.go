// Package worker runs Workers: it bundles them, writes workerd's
// configuration, supervises the process, hands requests and events to it, and
// turns its output into logs. One Runtime is one workerd process that runs all
// Workers of a project.
package worker
