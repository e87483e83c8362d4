#!/usr/bin/env bash
# Runs Personality Spark on free ports and one short stage of its k6 load test
# against it. Usage: bench/k6.sh PATH_TO_K6
set -euo pipefail
cd "$(dirname "$0")/.."
k6=$1
state=$(mktemp -d)
bin/flint dev fixtures/personality-spark --port 0 --control-port 0 --s3-port 0 --state "$state" --no-watch --log-format json >"$state/log" &
flint=$!
trap 'kill "$flint" 2>/dev/null; wait "$flint" 2>/dev/null || true; rm -rf "$state"' EXIT
for _ in $(seq 100); do
  url=$(sed -n 's/.*"event":"ready","url":"\([^"]*\)".*/\1/p' "$state/log")
  [ -n "$url" ] && break
  kill -0 "$flint" || { cat "$state/log"; exit 1; }
  sleep 0.1
done
(cd fixtures/personality-spark && ../../bin/flint d1 migrations apply personality-spark --state "$state")
K6_SHORT=1 BASE_URL=$url "$k6" run --quiet fixtures/personality-spark/k6/load-test.js
