package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is memory and processor time of a process and all its descendants.
type usage struct {
	rss  int64 // resident bytes; shared memory counts for each process
	cpu  time.Duration
	root struct { // the process itself
		rss int64
		cpu time.Duration
	}
	processes int // processes
	running   int // processes that run or wait for a core right now
}

// clockTick is the unit of CPU times in /proc: USER_HZ, 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// usageOf adds up a process tree. It is zero for a process that does not exist.
func usageOf(root int) usage {
	stats := map[int]procStat{}
	children := map[int][]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		if s, ok := readStat(file); ok {
			stats[pid] = s
			children[s.parent] = append(children[s.parent], pid)
		}
	}
	var u usage
	for todo := []int{root}; len(todo) > 0; {
		pid := todo[0]
		todo = append(todo[1:], children[pid]...)
		s, ok := stats[pid]
		if !ok {
			continue
		}
		u.rss += s.rss
		u.cpu += s.cpu
		u.processes++
		if s.running {
			u.running++
		}
		if pid == root {
			u.root.rss, u.root.cpu = s.rss, s.cpu
		}
	}
	return u
}

type procStat struct {
	parent  int
	running bool // or waiting for a core
	rss     int64
	cpu     time.Duration
}

// readStat reads /proc/PID/stat; the fields after the name, which may hold
// anything, begin behind its last parenthesis. See proc_pid_stat(5).
func readStat(file string) (s procStat, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return s, false
	}
	i := bytes.LastIndexByte(text, ')')
	fields := strings.Fields(string(text[i+1:]))
	if i < 0 || len(fields) < 22 {
		return s, false
	}
	number := func(field int) int64 { // numbered as in the manual
		n, _ := strconv.ParseInt(fields[field-3], 10, 64) // cannot fail: the kernel writes numbers
		return n
	}
	s.running = fields[0] == "R"
	s.parent = int(number(4))
	s.cpu = time.Duration(number(14)+number(15)) * clockTick
	s.rss = number(24) * int64(os.Getpagesize())
	return s, true
}

// ownCPU is the processor time that this process has used.
func ownCPU() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// machineCPU is the processor time that all processes of the machine have used.
func machineCPU() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var busy time.Duration
	for i, f := range strings.Fields(line) {
		if i == 0 || i == 4 || i == 5 || i > 7 { // the name, idle, iowait, and steal and guests
			continue
		}
		n, _ := strconv.ParseInt(f, 10, 64)
		busy += time.Duration(n) * clockTick
	}
	return busy
}
