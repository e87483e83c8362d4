package main

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"flint/internal/testkit"
	"flint/worker"
)

func TestParseWrk(t *testing.T) {
	t.Parallel()
	r, n, err := parseWrk("Running 2s test\nbench requests=3000 us=2000000 p50=1500 p95=2500 p99=9000 status=4 broken=1\n")
	if err != nil || n != 3000 || r.rate != 1500 || r.p50 != 1.5 || r.p95 != 2.5 || r.p99 != 9 || r.failed != 5 {
		t.Fatalf("%+v %d %v", r, n, err)
	}
	for _, out := range []string{"unable to connect", "bench requests=0 us=2000000 p50=0 p95=0 p99=0 status=0 broken=16"} {
		if _, _, err := parseWrk(out); err == nil {
			t.Errorf("%q was taken", out)
		}
	}
}

func TestRequestLines(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]request{
		"GET /a":          get("/a"),
		"PUT /b 12":       {method: "PUT", path: "/b", body: 12},
		"POST /c @x.json": {method: "POST", path: "/c", file: "x.json"},
	} {
		if got := r.line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-full"})
	if err != nil || !slices.Equal(o.connections, []int{16, 1, 256}) || !o.growth || len(o.selectedOperations()) != len(operations) {
		t.Fatalf("%+v %v", o, err)
	}
	if o, err = parse([]string{"-only", "asset,plain,queue-e2e", "-connections", "4"}); err != nil || !slices.Equal(names(o.selectedOperations()), []string{"plain", "asset"}) {
		t.Fatalf("%+v %v", o, err)
	}
	if o, err = parse(nil); err != nil || len(o.selectedOperations()) != 9 || !slices.Equal(o.connections, []int{16}) {
		t.Fatalf("%+v %v", o, err)
	}
	for _, bad := range [][]string{{"-only", "kv"}, {"-peers", "deno"}, {"-connections", "0"}, {"-duration", "500ms"}, {"-rounds", "0"}} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	t.Parallel()
	u := usageOf(os.Getpid())
	if u.processes < 1 || u.root.rss < 1<<20 || u.rss < u.root.rss || ownCPU() == 0 || machineCPU() == 0 {
		t.Fatalf("%+v", u)
	}
	if u := usageOf(-1); u != (usage{}) {
		t.Fatalf("a process that is not there: %+v", u)
	}
}

func TestMedians(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 9, 2}, 3}} {
		if got := medianOf(c.list); got != c.want {
			t.Errorf("%v: %v", c.list, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{count(12345.6), "12,346"}, {count(999), "999"}, {count(8.26), "8.3"}, {count(0), noValue}, {count(1234567), "1,234,567"},
		{ratio(24, 10), "2.4x"}, {ratio(240, 10), "24x"}, {ratio(1, 0), noValue}, {percent(3, 4), "75 %"},
		{millis(1.234), "1.23"}, {millis(56.78), "56.8"}, {millis(1234), "1234"}, {megabytes(3 << 20), "3 MB"},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}

func TestTableIsAligned(t *testing.T) {
	t.Parallel()
	tab := &table{head: []string{"what", "×"}}
	tab.add("plain", "2.4x")
	tab.add("KV", noValue)
	var b strings.Builder
	tab.write(&b)
	const want = "| what  |    × |\n|-------|-----:|\n| plain | 2.4x |\n| KV    |    – |\n\n"
	if b.String() != want {
		t.Fatalf("got\n%swant\n%s", b.String(), want)
	}
}

// A result is written with whatever was measured.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	r := &report{options: &options{root: t.TempDir(), peers: products, limits: true, connections: []int{16}, rounds: 1}}
	plain, kv := loadKey{"plain", 16}, loadKey{"kv-get", 16}
	for side, rate := range map[string]float64{flintSide: 9000, miniflareSide: 3000, wranglerSide: 500, workerdSide: 10000} {
		r.addLoad(plain, side, sample{rate: rate, p50: 1, p95: 2, p99: 3, cpu: 100, generatorCores: 0.95})
	}
	r.addLoad(kv, flintSide, sample{rate: 4000, failed: 2})
	r.addLoad(kv, frontSide, sample{rate: 5000})
	r.addLoad(kv, twoIsolatesSide, sample{rate: 6000})
	r.addLoad(kv, miniflareSide, sample{rate: 1250})
	r.note("a remark")
	text := r.markdown(0)
	for _, want := range []string{
		"3.0x", "18x", "90 %", "80 %", "1.5x |            4.8x", // two isolates beside one and beside Miniflare
		"3.2x", "1.00 / 2.00 / 3.00", "**It was the bottleneck**", "plain response on flint at 16",
		"**Requests failed**: KV get on flint at 16 (2)", "- a remark",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

func TestStubDistinguishesCalls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ binding, method, path, body, header, want string }{
		{"kv/n", "GET", "/key?urlencoded=true", "", "", "value"},
		{"kv/n", "GET", "/?key_count_limit=100", "", "", `"list_complete":false`},
		{"d1/d", "POST", "/query", `[{"sql":"INSERT"},{"sql":"INSERT"}]`, "", `}},{"success"`},
		{"d1/d", "POST", "/query?resultsFormat=ROWS_AND_COLUMNS", `{"sql":"SELECT … LIMIT 100"}`, "", `[100,"name 100",150]`},
		{"d1/d", "POST", "/query?resultsFormat=ARRAY_OF_OBJECTS", `{"sql":"SELECT … LIMIT 100"}`, "", `{"id":100,"name":"name 100","score":150}`},
		{"r2/b", "GET", "/", "", `{"method":"get","object":"object-1k"}`, `"size":1024`},
		{"queues/q", "POST", "/message", "{}", "", `"backlogCount"`},
	} {
		w := testkit.Call(http.HandlerFunc(serveStub), c.method, c.path, c.body, worker.HeaderBinding, c.binding, "Cf-R2-Request", c.header)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %.200s", c.binding, c.path, w.Code, w.Body)
		}
	}
}
