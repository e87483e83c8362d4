//go:build linux

package emulator_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"flint/emulator"
	"flint/internal/testkit"
)

// offlineRole says what this process does inside a network of its own.
const offlineRole = "FLINT_TEST_OFFLINE"

// TestSuiteConnectsNowhere runs the whole suite of Personality Spark (its
// Vitest suite and the Go tests) in a network that has nothing but the loopback
// interface, and counts the packets for which the system found no way out: not
// one may be sent off the machine. The second half shows that one would be seen.
func TestSuiteConnectsNowhere(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a whole suite: not with -short")
	}
	for role, want := range map[string]string{"suite": "sent off this machine: 0", "leak": "sent off this machine: 3"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			out, err := inside(t, role)
			if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
				fmt.Fprintf(os.Stderr, "THAT THE SUITE CONNECTS NOWHERE IS NOT TESTED: this system allows no network namespaces: %v\n", err)
				t.Skip(err)
			}
			if strings.Contains(out, "IS NOT RUN") {
				fmt.Fprintln(os.Stderr, "THE VITEST SUITE OF PERSONALITY SPARK IS NOT RUN OFFLINE: its packages are not installed (make spark-deps)")
			}
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("%v, want %q:\n%s", err, want, out)
			}
		})
	}
}

// inside runs a role of TestOfflineRole in a process whose network is empty.
func inside(t *testing.T, role string) (string, error) {
	t.Helper()
	run := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOfflineRole$", "-test.v", "-test.timeout=5m")
	run.Env = append(os.Environ(), offlineRole+"="+role)
	run.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	run.WaitDelay = 10 * time.Second
	err := run.Run()
	return out.String(), err
}

// TestOfflineRole does nothing but in the process that inside starts.
func TestOfflineRole(t *testing.T) {
	role := os.Getenv(offlineRole)
	if role == "" {
		t.Skip("runs inside TestSuiteConnectsNowhere")
	}
	loopbackUp(t)
	before := unroutable(t)
	t.Run(role, map[string]func(*testing.T){"suite": sparkSuite, "leak": leak}[role])
	fmt.Printf("sent off this machine: %d\n", unroutable(t)-before)
}

// sparkSuite is all that tests Personality Spark.
func sparkSuite(t *testing.T) {
	t.Run("quizzes", TestPersonalitySpark)
	t.Run("bad input", TestPersonalitySparkRefusesBadInput)
	t.Run("fallbacks", TestPersonalitySparkFallsBack)
	t.Run("old backend", TestPersonalitySparkProxiesToTheOldBackend)
	t.Run("seed", TestSeedFileRuns)
	t.Run("vitest", func(t *testing.T) {
		if _, err := os.Stat(sparkDir + "/node_modules/vitest"); err != nil {
			fmt.Println("vitest IS NOT RUN")
			t.Skip("no vitest")
		}
		e := emulator.RunT(t, sparkDir)
		npm := exec.CommandContext(t.Context(), "npm", "run", "--silent", "test:integration")
		npm.Dir = sparkDir
		npm.Env = append(os.Environ(), "API_BASE="+e.Run().URL, "BASE_URL="+e.Run().URL, "FLINT_CONTROL="+e.Run().Control, "CI=true", "NO_UPDATE_NOTIFIER=1")
		out, err := npm.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		for _, c := range outboundLog(t, e) {
			if strings.HasPrefix(c.By, "network") {
				t.Errorf("the journal has a call of the network: %+v", c)
			}
		}
	})
}

// leak connects off the machine: from this process, by UDP, and from a Worker
// that is allowed to.
func leak(t *testing.T) {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	for _, network := range []string{"tcp", "udp"} {
		if c, err := dialer.DialContext(t.Context(), network, "192.0.2.1:53"); err == nil { // a network for documentation
			_ = c.Close()
			t.Errorf("%s: there is a way out", network)
		}
	}
	a := run(t, `export default { fetch: () => fetch("http://192.0.2.1/") }`, "", map[string]string{
		"flint.toml": "workers = [\".\"]\n[outbound]\nallow = [\"192.0.2.1\"]\n",
	})
	a.text("/", 502)
}

// loopbackUp brings up the one interface that a new network has.
func loopbackUp(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	req, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		t.Fatal(err)
	}
}

// unroutable counts what was to be sent in this network and had no way out.
func unroutable(t *testing.T) int {
	t.Helper()
	total := 0
	text, err := os.ReadFile("/proc/self/net/snmp")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		cells := strings.Fields(line)
		if cells[0] != "Ip:" {
			continue
		}
		if names == nil {
			names = cells
			continue
		}
		for i, name := range names {
			if name == "OutNoRoutes" {
				n, err := strconv.Atoi(cells[i])
				if err != nil {
					t.Fatal(err)
				}
				total += n
			}
		}
	}
	six, err := os.Open("/proc/self/net/snmp6")
	if err != nil {
		return total // a system without IPv6
	}
	defer six.Close()
	for lines := bufio.NewScanner(six); lines.Scan(); {
		if cells := strings.Fields(lines.Text()); len(cells) == 2 && cells[0] == "Ip6OutNoRoutes" {
			n, err := strconv.Atoi(cells[1])
			if err != nil {
				t.Fatal(err)
			}
			total += n
		}
	}
	return total
}

// outboundCall is what the tests read of the journal.
type outboundCall struct {
	Worker, Method, URL, By string
	Status                  int
	Bytes                   int64
}

// waitOutboundLog waits for n calls: one is noted after its answer has been sent, so
// a client may be faster.
func waitOutboundLog(t *testing.T, e *emulator.Emulator, n int) (calls []outboundCall) {
	t.Helper()
	testkit.Eventually(t, func() error {
		if calls = outboundLog(t, e); len(calls) < n {
			return fmt.Errorf("%d calls in the journal, want %d", len(calls), n)
		}
		return nil
	})
	return calls
}

func outboundLog(t *testing.T, e *emulator.Emulator) []outboundCall {
	t.Helper()
	res, err := http.Get(e.Run().Control + "/_flint/outbound/log")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ Calls []outboundCall }
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return out.Calls
}
