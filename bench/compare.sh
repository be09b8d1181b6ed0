#!/usr/bin/env bash
# Measures "compare" of the published program as a whole process: two clusters of the same size that differ in one endpoint,
# from manifests and from saved rules, in each pair of modes. Build first: ./build.sh
#   bench/compare.sh [SERVICES ENDPOINTS]     default 10000 10
set -euo pipefail
cd "$(dirname "$0")/.."
services=${1:-10000} endpoints=${2:-10} runs=3
program=out/kube-proxy-sharp
[ -x "$program" ] || { echo "no $program: run ./build.sh first" >&2; exit 1; }
if ! [ -x /usr/bin/time ]; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends time >/dev/null
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs a comparison several times; prints the exit code, median and worst seconds, processor seconds, and the largest memory in MB.
measure() {
  local title=$1 code=0
  shift
  for _ in $(seq "$runs"); do
    /usr/bin/time -q -a -o "$work/times" -f '%e %U %M' "$program" compare "$@" --family ipv4 -o json >"$work/report.json" || code=$?
  done
  printf '%-44s %4d' "$title" "$code"
  sort -n "$work/times" | awk '{ t[NR] = $1; if ($3 > m) m = $3; u += $2 } END { printf "%8.2f %8.2f %8.2f %8d\n", t[int((NR + 1) / 2)], t[NR], u / NR, m / 1024 }'
  rm "$work/times"
}

bench/generate.sh "$services" "$endpoints" yaml >"$work/a.yaml"
awk '/- 10.128.0.5$/ && !done { sub(/10.128.0.5$/, "10.250.0.5"); done = 1 } { print }' "$work/a.yaml" >"$work/b.yaml"
for mode in iptables nftables; do
  "$program" dry-run -f "$work/a.yaml" --mode "$mode" --family ipv4 -o "$work/a.$mode"
done

printf '%s Services x %s endpoints, %s cores, %s\n' "$services" "$endpoints" "$(nproc)" "$("$program" --version)"
printf '%-44s %4s %8s %8s %8s %8s\n' '' exit 'median s' 'worst s' 'cpu s' 'MB peak'
measure 'manifests, iptables: one endpoint differs' "$work/a.yaml" "$work/b.yaml"
measure 'manifests, nftables: one endpoint differs' "$work/a.yaml" "$work/b.yaml" --mode nftables
measure 'manifests, iptables and nftables' "$work/a.yaml" "$work/a.yaml" --mode-b nftables --ignore modes
measure 'saved iptables rules: equal' "$work/a.iptables" "$work/a.iptables"
measure 'saved iptables and nftables rules' "$work/a.iptables" "$work/a.nftables" --ignore modes
