#!/usr/bin/env bash
# Installs missing tools, builds, and runs the tests. The last line is: N passed, N failed, N skipped.
#
# Usage:
#   ./test.sh [AREA...] [--fast]
#   ./test.sh --update-golden
#   ./test.sh --help
#
# An AREA is a test project by its short name, in upper or lower case; without one, all are run.
#
# Options:
#   --fast           leaves out tests that need root, a browser or more than 5 seconds (categories Netns, Browser and Slow),
#                    and what only they need: the published program and the installation of tools
#   --update-golden  rewrites the golden files of our own (tests/golden/own, explain, compare) and shows the difference; recorded
#                    rules (tests/golden/recorded) are never written
#
# Environment:
#   KPS_NIGHTLY=1    runs randomised tests with many more seeds
#   REQUIRE_NETNS=0  lets tests that cannot create a network namespace be skipped; as root that is a failure otherwise
#
# Examples:
#   ./test.sh --fast                 while you work: about a minute
#   ./test.sh rulemodel iptables     two areas, with everything in them
#   ./test.sh proxy --fast           one area, only what is quick
#   ./test.sh                        everything, before a commit
#
# Exit codes: 0 all tests passed, 1 the build or a test failed or something was left behind, 2 the command line is wrong.
set -euo pipefail
cd "$(dirname "$0")"

# Areas whose tests start the published program: what users get, and what starts fastest.
program_areas=" node "

declare -A projects=()
for project in tests/*/*.Tests.csproj; do
  area=${project##*/} area=${area%.Tests.csproj} area=${area#Renderers.}
  projects[${area,,}]=$project
done
area_list=$(printf '%s\n' "${!projects[@]}" | sort | paste -sd ' ')
usage() {
  sed -n '2,/^set /{/^# \{0,1\}/!d;s/^# \{0,1\}//p}' test.sh
  printf '\nAreas: %s\n' "$area_list"
}
refuse() {
  printf 'test.sh: %s\n' "$1" >&2
  exit 2
}

areas=() fast= update_golden=
for argument; do
  case "$argument" in
    --help | -h) usage; exit 0 ;;
    --fast) fast=yes ;;
    --update-golden) update_golden=yes ;;
    -*) refuse "unknown option $argument; ./test.sh --help lists them" ;;
    *)
      [ -n "${projects[${argument,,}]:-}" ] || refuse "unknown area $argument; areas are: $area_list"
      areas+=("${argument,,}") ;;
  esac
done
if [ -n "$update_golden" ]; then
  [ "$#" -eq 1 ] || refuse "--update-golden stands alone"
  scripts/need-dotnet.sh
  UPDATE_GOLDEN=1 dotnet test tests/golden -c Release --nologo --filter Category=OwnGolden -v quiet
  UPDATE_GOLDEN=1 dotnet test tests/Renderers.Nftables.Tests -c Release --nologo --filter Category=OwnGolden -v quiet
  git --no-pager diff --stat -- tests/golden/own tests/golden/explain tests/golden/compare tests/Renderers.Nftables.Tests/Netlink
  git --no-pager diff -- tests/golden/own tests/golden/explain tests/golden/compare tests/Renderers.Nftables.Tests/Netlink
  exit 0
fi

scripts/need-dotnet.sh
[ -n "$fast" ] || scripts/install-tools.sh
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
scripts/leftovers.sh >"$results/before"

# A solution filter builds and runs the chosen projects side by side, as the solution does with all of them.
solution=KubeProxySharp.sln
if [ "${#areas[@]}" -gt 0 ]; then
  solution=$results/areas.slnf
  listed=$(for area in "${areas[@]}"; do printf '"%s"\n' "${projects[$area]}"; done | sort -u | paste -sd ,)
  printf '{"solution": {"path": "%s", "projects": [%s]}}\n' "$PWD/KubeProxySharp.sln" "$listed" >"$solution"
fi
dotnet build "$solution" -c Release --nologo -v quiet

selected=()
if [ -n "$fast" ]; then
  selected=(--filter 'Category!=Netns&Category!=Browser&Category!=Slow')
else
  for area in "${areas[@]:-node}"; do
    [[ $program_areas == *" $area "* ]] || continue
    ./build.sh --if-needed
    export KPS_PROGRAM="$PWD/out/kube-proxy-sharp"
    break
  done
  # As root there is no excuse for a test that cannot make its network namespace.
  [ "$(id -u)" -ne 0 ] || export REQUIRE_NETNS="${REQUIRE_NETNS:-1}"
fi
status=0 began=$SECONDS
dotnet test "$solution" -c Release --no-build --nologo "${selected[@]}" --logger trx --results-directory "$results" || status=$?
took=$((SECONDS - began))

# Every test project wrote one results file. An attribute of XML cannot hold a quotation mark or a line break.
cat "$results"/*.trx >"$results/all" 2>/dev/null || true
printf '\nslowest tests, of %s s:\n' "$took"
{ grep -o '<UnitTestResult [^>]*' "$results/all" || true; } |
  sed -n 's/.* testName="\([^"]*\)".* duration="\([0-9:.]*\)".*/\2 \1/p' |
  sed -e 's/ KubeProxySharp\.\(Renderers\.\)\{0,1\}\([A-Za-z]*\)\.Tests\./ \L\2\E /' -e 's/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&apos;/'\''/g; s/&#x[0-9A-F]*;/ /g; s/&amp;/\&/g' |
  sort -r |
  awk 'NR <= 10 { split($1, time, ":"); name = $0; sub(/^[^ ]+ [^ ]+ /, "", name)
                  printf "%8.1f s  %-10s  %s\n", time[1] * 3600 + time[2] * 60 + time[3], $2, substr(name, 1, 120) }'
counters=$(grep -o '<Counters [^>]*' "$results/all" || true)
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
