package emulator

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"

	"flint/config"
	"flint/internal/console"
)

// Tester is the part of testing.TB that RunT needs.
type Tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
	Cleanup(func())
	TempDir() string
}

// RunT runs the project in dir for a test: on free ports, with state of its
// own in the test's temporary directory, without watching files. Migrations of
// its D1 databases are applied. It is stopped, and every D1 database checked,
// when the test ends. configure may change the project before it starts.
func RunT(t Tester, dir string, configure ...func(*config.Project)) *Emulator {
	t.Helper()
	e := StartT(t, dir, configure...)
	t.Cleanup(func() {
		if err := e.services.d1.Check(context.Background()); err != nil {
			t.Errorf("flint: D1 is damaged at the end of the test: %v", err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("flint: close: %v", err)
		}
	})
	return e
}

// StartT is RunT for a test that closes the emulator itself.
func StartT(t Tester, dir string, configure ...func(*config.Project)) *Emulator {
	t.Helper()
	p, err := config.Load(config.Options{Dir: dir, Today: Today()})
	if err != nil {
		t.Fatalf("flint: %v", err)
	}
	s := &p.Settings
	s.Port, s.ControlPort, s.S3Port, s.InspectorPort = 0, 0, 0, 0
	s.Watch, s.Ephemeral = false, false
	s.State = filepath.Join(t.TempDir(), ".flint")
	for _, f := range configure {
		f(p)
	}
	ctx := context.Background()
	e, err := New(ctx, p, WithLog(slog.New(console.New(testWriter{t}, console.Options{}))))
	if err != nil {
		t.Fatalf("flint: %v", err)
	}
	if err := e.ApplyMigrations(ctx); err != nil {
		t.Fatalf("flint: %v", err)
	}
	if err := e.Start(ctx); err != nil {
		t.Fatalf("flint: %v", err)
	}
	return e
}

// testWriter sends flint's events to the test's log.
type testWriter struct{ t Tester }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}
