#!/usr/bin/env bash
# Compares Go micro-benchmarks of the hot path with those of another commit, by
# benchstat. The two take turns, so that both meet the same noise.
# Usage: bench/compare.sh REF        (make bench-compare REF=main)
# Environment: BENCH (a pattern), COUNT (runs, default 6), TIME (of a run, default
# 0.2s), PACKAGES, BENCHSTAT (the binary).
set -euo pipefail
cd "$(dirname "$0")/.."
ref=${1:?which commit? make bench-compare REF=main}
commit=$(git rev-parse --verify --quiet "$ref^{commit}") || { echo "there is no commit $ref"; exit 1; }
bench=${BENCH:-Get|Put|List|Binding|Run|Send|Serve|Match|Append|Do|AccessLine|Front|Exchange}
packages=${PACKAGES:-kv d1 r2 queues assets bindings/cache emulator/front worker internal/wal internal/intercept internal/console}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/old" "$work/bin"
git archive "$commit" | tar -x -C "$work/old" # a plain copy: the repository itself is not touched

# build SIDE DIR: one test binary for each package that has a benchmark, with the settings of that side's Makefile.
build() {
  local package
  for package in $packages; do
    grep -qs '^func Benchmark' "$2/$package"/*_test.go || continue
    (cd "$2" && export GOWORK=off && eval "$(make -s env)" && go test -c -o "$work/bin/$1-${package//\//_}" "./$package")
  done
}
echo "building $ref (${commit:0:10}) and the working tree"
build old "$work/old"
build new "$PWD"
mkdir "$work/out"
declare -A tree=([old]=$work/old [new]=$PWD)
for round in $(seq "${COUNT:-6}"); do
  echo "round $round of ${COUNT:-6}"
  for package in $packages; do
    for side in old new; do
      binary=$work/bin/$side-${package//\//_}
      [ -x "$binary" ] || continue
      (cd "${tree[$side]}/$package" && "$binary" -test.run '^$' -test.bench "$bench" -test.benchmem -test.benchtime "${TIME:-0.2s}" -test.timeout 10m) >>"$work/out/$side"
    done
  done
done
cd "$work/out"
"${BENCHSTAT:-benchstat}" old new
