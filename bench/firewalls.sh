#!/usr/bin/env bash
# Measures "compare" of the published program on generated firewalls (tests/Testing/GeneratedFirewall.cs): against themselves,
# with the target of one rule changed (the first, the middle and the last that accepts), and with another policy of FORWARD.
# Build first: ./build.sh
#   bench/firewalls.sh [RULES...]     default 598 4973
set -euo pipefail
cd "$(dirname "$0")/.."
program=${KPS_PROGRAM:-out/kube-proxy-sharp}
[ -x "$program" ] || { echo "no $program: run ./build.sh first" >&2; exit 1; }
[ $# -gt 0 ] || set -- 598 4973
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build bench/Bench -c Release --nologo -v quiet
bench=artifacts/bin/Bench/release/KubeProxySharp.Bench

measure() {
  local title=$1 code=0
  shift
  /usr/bin/time -q -o "$work/time" -f '%e %U %M' "$program" compare "$@" >"$work/report.txt" || code=$?
  read -r wall user memory <"$work/time"
  printf '%-40s %4d %8.2f %8.2f %6d  %s\n' "$title" "$code" "$wall" "$user" $((memory / 1024)) "$(tail -1 "$work/report.txt")"
}

printf '%-40s %4s %8s %8s %6s\n' '' exit 'wall s' 'cpu s' 'MB'
for rules in "$@"; do
  for style in flat zones 'user chains' 'block list'; do
    "$bench" write-firewall "$work/a" "$style" "$rules"
    measure "$style, $rules: the same" "$work/a" "$work/a"
    mapfile -t lines < <(grep -n -- '-j ACCEPT$' "$work/a" | grep -e '--dport' -e ' -s ' | cut -d: -f1)
    for line in "${lines[0]}" "${lines[$((${#lines[@]} / 2))]}" "${lines[-1]}"; do
      sed "${line}s/-j ACCEPT/-j DROP/" "$work/a" >"$work/b"
      measure "$style, $rules: line $line drops" "$work/a" "$work/b"
    done
    sed 's/^:FORWARD DROP/:FORWARD ACCEPT/' "$work/a" >"$work/b"
    measure "$style, $rules: FORWARD accepts" "$work/a" "$work/b"
  done
done
