#!/usr/bin/env bash
# Runs a command against Personality Spark on a flint of its own: free ports,
# fresh state. The command runs in the fixture's folder and finds the addresses
# in API_BASE (also BASE_URL) and FLINT_CONTROL.
# Usage: bench/with-spark.sh COMMAND [ARGUMENT …]
set -euo pipefail
cd "$(dirname "$0")/.."
flint=$PWD/bin/flint
cd fixtures/personality-spark
state=$(mktemp -d)
"$flint" d1 migrations apply personality-spark --state "$state"
"$flint" dev --port 0 --control-port 0 --s3-port 0 --state "$state" --no-watch --log-format json >"$state/log" &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$state"' EXIT
url=
for _ in $(seq 200); do
  url=$(sed -n 's/.*"event":"ready","url":"\([^"]*\)".*/\1/p' "$state/log")
  [ -n "$url" ] && break
  kill -0 "$pid" 2>/dev/null || { cat "$state/log"; exit 1; }
  sleep 0.1
done
[ -n "$url" ] || { echo "flint did not become ready"; cat "$state/log"; exit 1; }
control=$(sed -n 's/.*"control":"\([^"]*\)".*/\1/p' "$state/log" | head -1)
API_BASE=$url BASE_URL=$url FLINT_CONTROL=$control "$@"
