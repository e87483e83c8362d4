package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// MinIO is a MinIO server for one test, in a temporary directory, on a free port of
// 127.0.0.1. It keeps its data from Stop to Start.
type MinIO struct {
	Addr string // 127.0.0.1:PORT
	// URL is a value for [r2] driver. Further parameters can be appended with &.
	URL string

	server
}

// The key and secret of every MinIO that a test starts.
const (
	MinIOKey    = "flint-test"
	MinIOSecret = "s3cret/with+signs"
)

// StartMinIO starts a server and stops it at the end of the test. Without a MinIO
// binary the test is skipped: make minio builds it.
func StartMinIO(t testing.TB) *MinIO {
	t.Helper()
	program := findMinIO()
	if program == "" {
		const skipped = "SKIPPED: there is no MinIO, so nothing was tested on a real S3 store (make minio builds it)"
		minioSkipOnce.Do(func() { fmt.Fprintln(os.Stderr, skipped) })
		t.Skip(skipped)
	}
	m := &MinIO{Addr: freeAddr(t)}
	m.URL = "s3://" + MinIOKey + ":s3cret%2Fwith%2Bsigns@" + m.Addr + "?region=us-east-1"
	m.command = []string{program, "server", "--address", m.Addr, t.TempDir()}
	m.env = []string{"MINIO_ROOT_USER=" + MinIOKey, "MINIO_ROOT_PASSWORD=" + MinIOSecret, "MINIO_BROWSER=off", "MINIO_UPDATE=off"}
	m.readyText = "API: http"
	t.Cleanup(m.Stop)
	m.Start(t)
	return m
}

var minioSkipOnce sync.Once

// findMinIO returns the binary that FLINT_MINIO names or that make minio has built;
// empty if there is none.
func findMinIO() string {
	if program := os.Getenv("FLINT_MINIO"); program != "" {
		return program
	}
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		program := filepath.Join(dir, ".cache", "bin", "minio")
		if _, err := os.Stat(program); err == nil {
			return program
		}
	}
	return ""
}
