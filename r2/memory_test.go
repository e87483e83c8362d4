package r2

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"flint/internal/intercept"
	"flint/internal/testkit"
)

const (
	largeDirEnv  = "FLINT_R2_LARGE_DIR"
	largeSizeEnv = "FLINT_R2_LARGE_BYTES" // of TestMemoryStaysFlat; 2147483648 gives the figure of the documentation
)

// TestMemoryStaysFlat has a process of its own put and get a large object, plain
// and encrypted, and looks at the most memory that it ever had.
func TestMemoryStaysFlat(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("writes large objects")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the most memory that a process had is read from /proc")
	}
	size := int64(192 << 20)
	if text := os.Getenv(largeSizeEnv); text != "" {
		var err error
		if size, err = strconv.ParseInt(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	out, err := testkit.Child(t, []string{largeDirEnv + "=" + t.TempDir(), largeSizeEnv + "=" + fmt.Sprint(size)}).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var grown int
	if _, err := fmt.Sscanf(string(out), "grown by %d KiB", &grown); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	t.Logf("%d MiB passed in and out twice; the most memory ever grew by %.1f MiB", size>>20, float64(grown)/1024)
	if limit := 32 << 10; grown > limit {
		t.Errorf("memory grew by %d KiB, want at most %d", grown, limit)
	}
}

// passLarge is the child of TestMemoryStaysFlat.
func passLarge(dir string) {
	size, err := strconv.ParseInt(os.Getenv(largeSizeEnv), 10, 64)
	check(err)
	s, err := Open(Options{Dir: dir})
	check(err)
	binding := NewBinding(s, &intercept.Chain{}, slog.New(slog.DiscardHandler))
	call := func(r *http.Request) *nowhere {
		w := &nowhere{header: http.Header{}}
		binding.ServeBinding(w, r, "media")
		if text := w.header.Get(headerError); text != "" {
			check(fmt.Errorf("%s", text))
		}
		return w
	}
	pass := func(size int64) {
		call(bindingPut("plain", size))
		wantSent(call(bindingGet("plain")), size)
		key := strings.Repeat("01", 32)
		call(bindingFrame(fmt.Sprintf(`{"method":"put","object":"sealed","ssec":{"key":%q}}`, key), size))
		get := bindingGet("sealed")
		get.Header.Set(headerRequest, fmt.Sprintf(`{"method":"get","object":"sealed","ssec":{"key":%q}}`, key))
		wantSent(call(get), size)
	}
	pass(1 << 20)
	before := mostMemory()
	pass(size)
	fmt.Printf("grown by %d KiB\n", mostMemory()-before)
	check(s.Close())
}

func wantSent(w *nowhere, size int64) {
	if w.sent < size {
		check(fmt.Errorf("%d of %d bytes came back", w.sent, size))
	}
}

// mostMemory is the most that the process ever had in memory, in KiB.
func mostMemory() (kib int) {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	_, text, _ := bytes.Cut(status, []byte("VmHWM:"))
	_, err = fmt.Sscanf(string(text), "%d kB", &kib)
	check(err)
	return kib
}
