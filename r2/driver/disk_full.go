package driver

import (
	"errors"
	"fmt"
	"syscall"

	"flint/internal/sqlite"
)

// named gives a full disk its name; other errors stay what they are.
func NameDiskFull(err error) error {
	if err == nil {
		return nil
	}
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return fmt.Errorf("%w: %w", ErrDiskFull, err)
		}
	}
	if sqlite.IsDiskFull(err) {
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return err
}
