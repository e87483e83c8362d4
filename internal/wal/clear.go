package wal

import (
	"fmt"
	"io"
)

// Clear drops all records, when what they say is kept elsewhere. Unlike Rewrite
// it does not wait for the disk: after a power cut they may be back. After an
// error the records may still be there.
func (l *Log) Clear() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if err := l.f.Truncate(0); err != nil {
		return fmt.Errorf("clear %s: %w", l.path, err)
	}
	l.size = 0
	if _, err := l.f.Seek(0, io.SeekStart); err != nil {
		l.err = fmt.Errorf("log %s is unusable: %w", l.path, err)
		return l.err
	}
	return nil
}
