#!/usr/bin/env bash
# Measures reading saved rules until the first packet has gone through them, in a program that was just started and is
# compiled as the published one: iptables-save, and nft's listing as JSON and as text. The median of 5 runs each. Needs
# root, since nft lists what it has loaded, in a network namespace of its own.
#   bench/read-rules.sh [SERVICES ENDPOINTS]     default 10000 10
set -euo pipefail
cd "$(dirname "$0")/.."
services=${1:-10000} endpoints=${2:-10} runs=5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet publish bench/Bench -c Release -r linux-x64 --self-contained -p:PublishReadyToRun=true -p:ContinuousIntegrationBuild=false \
  -p:DebugType=none -o "$work/bench" --nologo -v quiet
bench=$work/bench/KubeProxySharp.Bench
"$bench" write-rules "$work" "$services" "$endpoints"
unshare --net sh -c "nft -f '$work/script.nft' && nft -j list ruleset >'$work/nft.json' && nft list ruleset >'$work/nft.txt'"

printf '%s Services x %s endpoints, %s cores, %s\n' "$services" "$endpoints" "$(nproc)" "$(nft --version)"
printf '%-20s %10s %10s %10s %10s\n' '' 'ms in all' 'of reading' 'MB alloc.' 'MB of text'
for file in iptables-save.txt nft.json nft.txt script.nft; do
  for _ in $(seq "$runs"); do "$bench" read-rules "$work/$file"; done |
    sort -n | awk -v name="$file" '{ line[NR] = $0 } END { split(line[int((NR + 1) / 2)], f, " "); printf "%-20s %10s %10s %10s %10s\n", name, f[1], f[2], f[3], f[4] }'
done
