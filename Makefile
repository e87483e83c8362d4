# flint: `make dev` runs Personality Spark, `make test` runs all tests, `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# FTS5 and the math functions are part of D1's SQL surface; extensions cannot be loaded; totals of memory would take a lock at
# every allocation. The workspace replaces SQLite by one that counts rows read and written,
# and takes DELETE … LIMIT (d1/csqlite/rowcount).
export GOFLAGS    := -tags=sqlite_fts5,sqlite_math_functions,sqlite_omit_load_extension
export CGO_CFLAGS := -O2 -DSQLITE_ENABLE_NORMALIZE -DSQLITE_DEFAULT_MEMSTATUS=0
export GOWORK     := $(CURDIR)/.cache/sqlite/go.work

VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOLS       := $(CURDIR)/.cache/bin
STATICCHECK := $(TOOLS)/staticcheck-0.8.2
BENCHSTAT   := $(TOOLS)/benchstat-20260908
K6          := $(TOOLS)/k6-1.8.1
SPARK       := fixtures/personality-spark
NPM_CI      := npm ci --ignore-scripts --no-audit --no-fund

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(GOWORK): go.mod $(wildcard d1/csqlite/rowcount/*.go)
	@GOFLAGS= GOWORK=off CGO_ENABLED=0 go run ./d1/csqlite/rowcount $(@D)

env: $(GOWORK) ## print the build settings, for eval in a shell
	@echo "export GOFLAGS='$(GOFLAGS)' CGO_CFLAGS='$(CGO_CFLAGS)' GOWORK='$(GOWORK)'"

build: $(GOWORK) ## bin/flint (the first time compiles SQLite: about a minute)
	@echo "building bin/flint"
	@go build -ldflags "-X main.version=$(VERSION)" -o bin/flint ./cmd/flint

runtime: build ## workerd, from npm, unless it is there
	@bin/flint doctor $(SPARK) --install

spark-deps: $(SPARK)/node_modules/.installed ## the npm packages of Personality Spark
$(SPARK)/node_modules/.installed: $(SPARK)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is not installed: install Node.js 20 or newer with npm"; exit 1; }
	@echo "installing the npm packages of Personality Spark (once)"
	@cd $(SPARK) && $(NPM_CI)
	@touch $@

web: spark-deps $(SPARK)/apps/web/dist/index.html ## build the web front end of Personality Spark
$(SPARK)/apps/web/dist/index.html: $(SPARK)/node_modules/.installed $(shell find $(SPARK)/apps/web/src $(SPARK)/apps/web/public -type f 2>/dev/null)
	@cd $(SPARK) && npm run --silent build

dev: build web ## run Personality Spark: http://127.0.0.1:8787
	@cd $(SPARK) && $(CURDIR)/bin/flint d1 migrations apply personality-spark
	@exec bin/flint dev $(SPARK)

test: runtime web redis sqlite3 minio s3-client ## all tests, with the race detector
	go test -race -timeout 20m $$(go list ./... | grep -v /conformance)
	@cd conformance && go test -count=1 -timeout 10m -install
	cd $(SPARK) && npm run --silent typecheck && npm run --silent test
	bench/with-spark.sh npm run --silent test:integration

lint: $(GOWORK) $(STATICCHECK) ## gofmt, go vet, staticcheck and the house rules
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "not formatted (run gofmt -w): $$out"; exit 1; }
	go vet ./...
	$(STATICCHECK) ./...
	go test ./internal/lint

$(STATICCHECK):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS= go install honnef.co/go/tools/cmd/staticcheck@v0.8.2
	@mv $(TOOLS)/staticcheck $@

bench: build runtime wrk $(if $(FULL),web) ## flint beside the peer: start, reload, requests/s, memory; 6 minutes (FULL=1: all, 18)
	@bench/peer/install.sh
	go run ./bench -flint bin/flint $(if $(FULL),-full -out bench/RESULTS.md -readme README.md) $(BENCHFLAGS)

bench-compare: $(GOWORK) $(BENCHSTAT) ## Go micro-benchmarks beside those of another commit: REF=main
	BENCHSTAT=$(BENCHSTAT) bench/compare.sh $(REF)

$(BENCHSTAT):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS= go install golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
	@mv $(TOOLS)/benchstat $@

# Only the program is wanted: tests start servers of their own. The two variables keep the package from starting its service.
redis:
	@command -v redis-server >/dev/null || { echo "installing redis-server, for KV's tests (once)"; \
	  apt-get update -qq && RUNLEVEL=1 SYSTEMD_OFFLINE=1 apt-get install -y -qq --no-install-recommends redis-server >/dev/null; } || \
	  echo "NO redis-server: KV's tests on a real Redis are SKIPPED (install Debian's package redis-server)"

sqlite3:
	@command -v sqlite3 >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends sqlite3 >/dev/null; } || \
	  echo "NO sqlite3: that it loads D1's dumps is NOT TESTED (install Debian's package sqlite3)"

S3CLIENT := r2/s3api/testdata/js
s3-client: $(S3CLIENT)/node_modules/.installed ## the AWS SDK for JavaScript, with which a test uses the S3 API
$(S3CLIENT)/node_modules/.installed: $(S3CLIENT)/package-lock.json
	@if command -v npm >/dev/null; then echo "installing the AWS SDK for JavaScript (once, 23 MB)"; cd $(S3CLIENT) && $(NPM_CI) && touch $(abspath $@); \
	  else echo "NO npm: the S3 API is NOT TESTED with the AWS SDK for JavaScript (install Node.js 20 or newer with npm)"; fi

# A test tool, never linked. Where it cannot be built, the tests say that they skip it.
minio: ## build the S3 store that R2's tests start
	@[ -x $(TOOLS)/minio ] || $(MAKE) -s $(TOOLS)/minio || \
	  echo "NO minio: R2's tests on a real S3 store are SKIPPED (make minio builds it by the Go module proxy)"

$(TOOLS)/minio:
	@echo "building minio, for R2's tests (once, some minutes)"
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOWORK=off GOFLAGS= CGO_ENABLED=0 go install github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

wrk:
	@command -v wrk >/dev/null || { apt-get update -qq && apt-get install -y -qq wrk; } || { echo "install wrk, the load generator (Debian package wrk)"; exit 1; }

k6: build web $(K6) ## a short stage of the seed's load test with the real k6
	bench/with-spark.sh env K6_SHORT=1 $(K6) run --quiet k6/load-test.js

$(K6):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS= CGO_ENABLED=0 go install go.k6.io/k6@v1.8.1
	@mv $(TOOLS)/k6 $@


# In its own folder, because go test shows what a passing package says (that all was skipped) only there.
conformance: build ## the same steps on flint and on the pinned peer, compared (UPDATE=1 files new differences, R2_STORE=1 runs R2's with MinIO)
	@cd conformance && go test -count=1 -timeout 10m -install $(if $(UPDATE),-update) $(if $(R2_STORE),-r2-store -run TestConformance/cases/r2/)

clean: ## remove what was built; state directories stay
	rm -rf bin .cache $(SPARK)/node_modules $(SPARK)/apps/web/dist

.PHONY: help env build runtime spark-deps web dev test lint bench bench-compare wrk redis sqlite3 minio s3-client k6 conformance clean
