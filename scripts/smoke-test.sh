#!/usr/bin/env bash
# Starts the published program as a user would: trimming can break what tests on the untrimmed build never see.
#   scripts/smoke-test.sh PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "smoke test: $*" >&2; exit 1; }

"$program" --version | grep -q '^kube-proxy-sharp ' || fail "--version"
"$program" dry-run --help | grep -q 'Examples:' || fail "dry-run --help"
"$program" dry-run -f examples/cluster.yaml --config examples/kube-proxy.yaml --node node-a >"$work/rules" 2>"$work/notes" \
  || fail "dry-run of examples/: $(cat "$work/notes")"
cmp "$work/rules" tests/golden/own/examples/iptables.golden || fail "dry-run of examples/ differs from its golden file"
"$program" dry-run -f - < <(printf '{"kind": ') >"$work/rules" 2>"$work/notes" && fail "broken input was taken"
[ -s "$work/rules" ] && fail "broken input printed rules"
grep -q '^stdin:1: error: is not JSON' "$work/notes" || fail "broken input: $(cat "$work/notes")"
echo "smoke test: passed"
