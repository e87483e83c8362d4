package wal

import (
	"fmt"
	"io"
)

// Clear drops all records, for a service that has stored them elsewhere. Unlike
// Rewrite it does not sync: after a power cut the records may be back. After an error
// they may still be there.
func (l *Log) Clear() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("clear %s: %w", l.path, err)
	}
	l.size = 0
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		l.err = fmt.Errorf("log %s is unusable: %w", l.path, err)
		return l.err
	}
	return nil
}
