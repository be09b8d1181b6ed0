#!/usr/bin/env bash
# Measures the running agent as a whole: the real program, a fake API server and the kernel, in a network namespace of
# its own. Takes out/kube-proxy-sharp if ./build.sh made one, else builds. Needs root.
#   bench/agent.sh [SERVICES ENDPOINTS [MODE...]]     default 10000 10 nftables legacy
#   MODE      nftables, or the variant of iptables: legacy or nft. iptables-nft-restore takes about 20 s for 10000 Services
#   start     from the start of the process until the kernel has all rules, as the log says
#   resident  memory of the process after that, and its peak (MB)
#   change    from one replaced endpoint in the API server until the kernel has it (200 changes one after the other, 20 in iptables mode)
#   idle      with 100 Services and no changes: resident memory, and processor time used in 10 s
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,9s/^# \{0,1\}//p' bench/agent.sh; exit 0 ;; esac
services=${1:-10000} endpoints=${2:-10}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- nftables legacy
source bench/common.sh

build_fake_api
work=$(mktemp -d) namespace=kps-bench-$$ agent= server=

stop() {
  end_processes "$agent" "$server"
  agent= server=
  ip netns delete "$namespace" 2>/dev/null || true
}
trap 'stop; rm -rf "$work"' EXIT

start() { # MODE SERVICES ENDPOINTS: leaves agent and server running, and the time of the start in $began
  # What is waited for must not be the text of the last ones.
  rm -f "$work"/{server,kubeconfig,log}
  ip netns add "$namespace"
  ip netns exec "$namespace" ip link set lo up
  ip netns exec "$namespace" "$fake_api" \
    --services "$2" --endpoints "$3" --port 16443 --node node-1 --kubeconfig "$work/kubeconfig" \
    </dev/null >"$work/server" 2>&1 &
  server=$!
  await "$work/server" '^control ' 1
  control=$(sed -n 's/^control //p' "$work/server")
  local flags=(--proxy-mode nftables)
  [ "$1" = nftables ] || flags=(--proxy-mode iptables --iptables-variant "$1")
  began=$(date +%s.%N)
  XTABLES_LOCKFILE=$work/lock ip netns exec "$namespace" "$program" run --kubeconfig "$work/kubeconfig" --hostname-override node-1 \
    "${flags[@]}" --iptables-min-sync-period=0s "${quiet_flags[@]}" -v=4 >"$work/log" 2>&1 &
  agent=$!
  await "$work/log" 'Synced IPv4 rules (full)' 1
}

memory() { awk -v key="$1:" '$1 == key { printf "%.1f", $2 / 1024 }' "/proc/$agent/status"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$agent/stat"; }

printf '%s Services x %s endpoints, %s cores, %s (%s), kernel %s\n' \
  "$services" "$endpoints" "$(nproc)" "$("$program" --version)" "$program" "$(uname -r)"
printf '%-9s %8s %10s %8s | %10s %10s %10s | %10s %10s\n' mode start resident peak 'change p50' p99 worst 'idle' 'cpu/10 s'
for mode in "$@"; do
  case "$mode" in nftables) changes=200 ;; nft | legacy) changes=20 ;; *) echo "unknown mode $mode" >&2; exit 1 ;; esac
  start "$mode" "$services" "$endpoints"
  awk -v begun="$began" -v done="$(times_of "$work/log" 'Synced IPv4 rules (full)' | awk 'NR == 1')" \
    'BEGIN { d = done - begun % 86400; printf "%s %.2f", "", d < 0 ? d + 86400 : d }' >"$work/start"
  sleep 2
  resident=$(memory VmRSS) peak=$(memory VmHWM)
  for change in $(seq "$changes"); do
    before=$(grep -c 'Synced IPv4 rules (partial)' "$work/log" || true)
    ip netns exec "$namespace" curl -sS -d 'touch 1' "$control" | sed 's/.* first [^T]*T\([0-9:.]*\).*/\1/' >>"$work/touched"
    await "$work/log" 'Synced IPv4 rules (partial)' $((before + 1))
  done
  times_of "$work/log" 'Synced IPv4 rules (partial)' | tail -n "$changes" >"$work/synced"
  awk '{ split($1, t, ":"); printf "%.6f\n", t[1] * 3600 + t[2] * 60 + t[3] }' "$work/touched" | paste - "$work/synced" |
    awk '{ d = $2 - $1; printf "%.3f\n", 1000 * (d < 0 ? d + 86400 : d) }' | sort -n >"$work/delays"
  stop
  start "$mode" 100 "$endpoints"
  sleep 5
  begin=$(ticks); sleep 10; used=$(($(ticks) - begin))
  printf '%-9s %6s s %7s MB %5s MB | %7s ms %7s ms %7s ms | %7s MB %7s ms\n' "$mode" "$(tr -d ' ' <"$work/start")" "$resident" "$peak" \
    $(awk '{ d[NR] = $1 } END { printf "%.1f %.1f %.1f", d[int((NR + 1) / 2)], d[int(NR * 0.99 + 0.999)], d[NR] }' "$work/delays") \
    "$(memory VmRSS)" $((used * 1000 / $(getconf CLK_TCK)))
  stop
  rm -f "$work"/*
done
