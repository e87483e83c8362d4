package journal

import (
	"os"
	"path/filepath"
	"strings"
)

const fileSuffix = ".journal"

// fileName is the name of the journal of a queue. Capitals are marked, because
// some file systems fold the case of names.
func fileName(queue string) string {
	var file strings.Builder
	for _, c := range []byte(queue) {
		if c >= 'A' && c <= 'Z' {
			file.WriteByte('+')
			c += 'a' - 'A'
		}
		file.WriteByte(c)
	}
	return file.String() + fileSuffix
}

// queueOf is the queue whose journal has this file name.
func queueOf(file string) (queue string, ok bool) {
	marked, ok := strings.CutSuffix(file, fileSuffix)
	if !ok {
		return "", false
	}
	var name strings.Builder
	for i := 0; i < len(marked); i++ {
		c := marked[i]
		if c == '+' && i+1 < len(marked) {
			i++
			c = marked[i] - ('a' - 'A')
		}
		name.WriteByte(c)
	}
	return name.String(), true
}

// Queues lists the queues that have a journal in dir, and removes what a crash
// during a rewrite left there.
func Queues(dir string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var queues []string
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".tmp") && strings.Contains(f.Name(), fileSuffix+".") {
			if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
				return nil, err
			}
		}
		if queue, ok := queueOf(f.Name()); ok {
			queues = append(queues, queue)
		}
	}
	return queues, nil
}

// Remove deletes the journal of a queue, which is closed.
func Remove(dir, queue string) error { return os.Remove(filepath.Join(dir, fileName(queue))) }
