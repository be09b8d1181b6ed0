#!/usr/bin/env bash
# Measures "dry-run" of the published program as a whole process: wall time (median and worst of 7 runs), peak resident
# memory, and the start of the program. Build first: ./build.sh
#   bench/dry-run.sh [SERVICES ENDPOINTS]     default 10000 10
set -euo pipefail
cd "$(dirname "$0")/.."
services=${1:-10000} endpoints=${2:-10} runs=7
program=out/kube-proxy-sharp
[ -x "$program" ] || { echo "no $program: run ./build.sh first" >&2; exit 1; }
if ! [ -x /usr/bin/time ]; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends time >/dev/null
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs a command several times; prints median and worst seconds, and the largest memory in MB.
measure() {
  for _ in $(seq "$runs"); do
    /usr/bin/time -a -o "$work/times" -f '%e %M' "$@" >/dev/null
  done
  sort -n "$work/times" | awk '{ t[NR] = $1; if ($2 > m) m = $2 } END { printf "%8.2f %8.2f %8d\n", t[int((NR + 1) / 2)], t[NR], m / 1024 }'
  rm "$work/times"
}

printf '%s Services x %s endpoints, %s cores, %s\n' "$services" "$endpoints" "$(nproc)" "$("$program" --version)"
printf '%-34s %8s %8s %8s\n' '' 'median s' 'worst s' 'MB peak'
for format in json yaml; do
  bench/generate.sh "$services" "$endpoints" "$format" >"$work/cluster.$format"
  printf '%-34s' "dry-run, $format of $(($(stat -c %s "$work/cluster.$format") / 1000000)) MB"
  measure "$program" dry-run -f "$work/cluster.$format" -o "$work/rules.$format"
done
printf '%-34s' '--version'
measure "$program" --version
printf 'rules: %s lines, %s MB\n' "$(wc -l <"$work/rules.json")" "$(($(stat -c %s "$work/rules.json") / 1000000))"
