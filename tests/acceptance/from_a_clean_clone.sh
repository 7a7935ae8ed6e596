#!/usr/bin/env bash
# The README from nothing: a clean clone, its first command, and then Chromium at 360 pixels files one signed request in
# each of the five associations. Needs git, make, Python 3.11 or newer, and Debian's chromium.
set -euo pipefail
here=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
folder=$(mktemp -d)
port=${1:-8765}
trap 'kill "${serving:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
git clone -q "$here" "$folder/wasl"
cd "$folder/wasl"
WASL_PORT=$port make run >"$folder/run.log" 2>&1 &
serving=$!
for _ in $(seq 300); do
  if curl -fs "http://localhost:$port/health" >/dev/null 2>&1; then break; fi
  kill -0 "$serving" 2>/dev/null || { cat "$folder/run.log"; exit 1; }
  sleep 1
done
grep -v '^ *$' "$folder/run.log"
make -s .venv/test.stamp
WASL_TEST_URL="http://localhost:$port" WASL_TEST_BROWSER=required .venv/bin/python -m pytest tests/acceptance -q
