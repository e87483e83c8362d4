package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Run is what a running flint tells other processes about itself: the file
// run.json in its state directory.
type Run struct {
	PID     int    `json:"pid"`
	URL     string `json:"url"`
	Control string `json:"control"`
	S3      string `json:"s3"`
}

// InUseError says that another flint runs on the same state directory.
type InUseError struct {
	Dir string
	Run Run
}

// Error implements error.
func (e *InUseError) Error() string {
	if e.Run.PID == 0 {
		return fmt.Sprintf("the state directory %s is in use by another flint; stop it, or choose another with --state", e.Dir)
	}
	return fmt.Sprintf("the state directory %s is in use by flint with pid %d at %s; stop it, or choose another with --state", e.Dir, e.Run.PID, e.Run.URL)
}

// stateDir is an opened and locked state directory. The lock is the kernel's:
// it goes with the process, however that ends.
type stateDir struct {
	path      string
	ephemeral bool
	lock      *os.File
}

// openState creates and locks a state directory. With ephemeral it is a new
// temporary one that close removes.
func openState(path string, ephemeral bool) (*stateDir, error) {
	if ephemeral {
		tmp, err := os.MkdirTemp("", "flint-state-")
		if err != nil {
			return nil, err
		}
		path = tmp
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("create the state directory: %w", err)
	}
	lock, err := lockFile(filepath.Join(path, "lock"))
	if errors.Is(err, syscall.EWOULDBLOCK) {
		run, _ := ReadRun(path)
		return nil, &InUseError{Dir: path, Run: run}
	}
	if err != nil {
		return nil, fmt.Errorf("lock the state directory: %w", err)
	}
	_ = os.Remove(runFile(path)) // left by a flint that was killed
	return &stateDir{path: path, ephemeral: ephemeral, lock: lock}, nil
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func runFile(state string) string { return filepath.Join(state, "run.json") }

// ReadRun reads who runs on a state directory. The error is fs.ErrNotExist
// when nobody does.
func ReadRun(state string) (Run, error) {
	var r Run
	data, err := os.ReadFile(runFile(state))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%s: %w", runFile(state), err)
	}
	return r, nil
}

// writeRun replaces run.json at once, so that a reader never sees half of it.
func (s *stateDir) writeRun(r Run) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	tmp := runFile(s.path) + ".tmp"
	if err := os.WriteFile(tmp, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, runFile(s.path))
}

func (s *stateDir) close() error {
	_ = os.Remove(runFile(s.path))
	err := s.lock.Close()
	if s.ephemeral {
		err = errors.Join(err, os.RemoveAll(s.path))
	}
	return err
}

// sub is a folder of the state directory.
func (s *stateDir) sub(name string) string { return filepath.Join(s.path, name) }

// maxSocketPath leaves room for the names below the run directory within the
// 104 bytes that every system allows for a unix socket's path.
const maxSocketPath = 104 - len("/1234567/events.sock")

// runDir makes the folder for sockets and generated files: run/ in the state
// directory or, where that path is too long for a socket, a folder in the
// system's temporary directory whose name follows from it. What a killed flint
// left there goes.
func (s *stateDir) runDir() (string, error) {
	dir := s.sub("run")
	if len(dir) > maxSocketPath {
		sum := sha256.Sum256([]byte(s.path))
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("flint-%d-%s", os.Getuid(), hex.EncodeToString(sum[:6])))
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.Mkdir(dir, 0o700)
}
