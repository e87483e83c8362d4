#!/usr/bin/env bash
# Installs the pinned peer (conformance/peer) unless it is there: about 400 MB.
# Without npm the bench goes on with flint alone, and says so.
set -euo pipefail
cd "$(dirname "$0")/../../conformance/peer"
cmp -s package-lock.json node_modules/.installed && exit 0
command -v npm >/dev/null || { echo "npm is not at hand: the peer is not installed"; exit 0; }
echo "installing the peer from npm (once, about 400 MB)"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
cp package-lock.json node_modules/.installed
