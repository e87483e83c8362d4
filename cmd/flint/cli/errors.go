package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"flint/internal/cferr"
)

// UsageError is a mistake in the command line or the configuration.
type UsageError struct{ err error }

// Error implements error.
func (e *UsageError) Error() string { return e.err.Error() }

// Unwrap gives the mistake itself.
func (e *UsageError) Unwrap() error { return e.err }

// Usage marks an error as a mistake in the command line or the configuration.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{err}
}

// Usagef is fmt.Errorf for such a mistake.
func Usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

// ShownError was printed already, in the form that the user asked for.
type ShownError struct{ Err error }

// Sentence is the message without the code that REST clients get.
func Sentence(err error) string {
	var e *cferr.Error
	if errors.As(err, &e) && err.Error() == e.Error() {
		return e.Message
	}
	return err.Error()
}

// FileError gives a user's file its place in the message.
func FileError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return Usagef("cannot read %s: %w", p.Path, p.Err)
	}
	return err
}

// Error implements error.
func (e *ShownError) Error() string { return e.Err.Error() }

// Unwrap gives the error that was shown.
func (e *ShownError) Unwrap() error { return e.Err }
