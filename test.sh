#!/usr/bin/env bash
# Installs what is missing, builds, runs all tests and ends with one line: N passed, N failed, N skipped. Fails too when a
# network namespace, a program in one, or a rule is left behind.
#   ./test.sh                  all tests
#   ./test.sh --update-golden  rewrites our own golden files (tests/golden/own, explain) and shows what changed in them; recorded
#                              rule sets (tests/golden/recorded) are never touched
set -euo pipefail
cd "$(dirname "$0")"

case "${1:-}" in
  "") ;;
  --update-golden)
    scripts/need-dotnet.sh
    UPDATE_GOLDEN=1 dotnet test tests/golden -c Release --nologo --filter Category=OwnGolden -v quiet
    git --no-pager diff --stat -- tests/golden/own tests/golden/explain
    git --no-pager diff -- tests/golden/own tests/golden/explain
    exit 0 ;;
  *) sed -n '2,7s/^# \{0,1\}//p' test.sh; exit 2 ;;
esac

scripts/need-dotnet.sh
scripts/install-tools.sh
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
scripts/leftovers.sh >"$results/before"

dotnet build KubeProxySharp.sln -c Release --nologo -v quiet
# Tests with a real agent start the published program: what users get.
./build.sh --if-needed
export KPS_PROGRAM="$PWD/out/kube-proxy-sharp"
# As root there is no excuse for a test that cannot make its network namespace.
[ "$(id -u)" -eq 0 ] && export REQUIRE_NETNS="${REQUIRE_NETNS:-1}"
status=0
dotnet test KubeProxySharp.sln -c Release --no-build --nologo --logger trx --results-directory "$results" || status=$?

# Every test project writes one results file; their counters are added up.
counters=$(cat "$results"/*.trx 2>/dev/null | grep -o '<Counters [^>]*' || true)
sum() { grep -o " $1=\"[0-9]*\"" <<<"$counters" | tr -dc '0-9\n' | awk '{ n += $1 } END { print n + 0 }'; }
total=$(sum total); passed=$(sum passed); executed=$(sum executed)
failed=$((executed - passed)); skipped=$((total - executed))
scripts/leftovers.sh >"$results/after"
if left=$(grep -vxFf "$results/before" "$results/after"); then
  printf 'left behind:\n%s\n' "$left" >&2
  status=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
