#!/usr/bin/env bash
# Measures what a program that changes rules of its own all the time does to the agent: nothing. The real program, a fake
# API server and the kernel, in a network namespace of its own. Takes out/kube-proxy-sharp if ./build.sh made one, else
# builds. Needs root.
#   bench/drift.sh [SERVICES SECONDS [MODE...]]     default 10000 300 nftables
#   MODE      nftables, or the variant of iptables: legacy or nft
#   commits   changes to a table of its own that the other program made, 5 a second
#   updates   of 100 changes, how many were applied as updates
#   full      full transactions after the first and without that of the repair (nftables): 0
#   warnings  in the log besides the one of the damage: 0
#   found     from a real deletion in our rules, half way, until it is in the log
#   repaired  from that deletion until the rules are back: in iptables mode as the kernel lists them, in nftables mode as the log
#             says (nft reads the whole table for one element, and begins anew at every commit of others); at the end it is
#             looked whether they are there
#   checked   from then until the log says that nothing is missing (in iptables mode that takes a listing of all rules, which
#             iptables-nft-save begins anew at every commit of others)
# Ends with 1 if an update was missed, something was written in full for nothing, or there was a warning.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,18s/^# \{0,1\}//p' bench/drift.sh; exit 0 ;; esac
services=${1:-10000} seconds=${2:-300}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- nftables
source bench/common.sh

build_fake_api
work=$(mktemp -d) namespace=kps-drift-$$ agent= server= writer=
export XTABLES_LOCKFILE=$work/lock

stop() {
  end_processes "$writer" "$agent" "$server"
  writer= agent= server=
  ip netns delete "$namespace" 2>/dev/null || true
}
trap 'stop; rm -rf "$work"' EXIT

inside() { ip netns exec "$namespace" "$@"; }
count() { grep -c -- "$1" "$work/log" || true; } # TEXT

since() { awk -v from="$1" -v to="$2" 'BEGIN { d = to - from; printf "%.2f", d < 0 ? d + 86400 : d }'; }

write() { # one commit each 0.2 s, until it is stopped; each is a line
  while :; do
    if [ "$1" = legacy ]; then
      iptables-legacy -w -t mangle -N other; sleep 0.2; iptables-legacy -w -t mangle -X other
    else
      nft add table ip other; sleep 0.2; nft delete table ip other
    fi
    printf 'one\ntwo\n'; sleep 0.2
  done
}

damage() {
  case "$1" in
    nftables) inside nft flush map ip kube-proxy service-ips ;;
    *) inside "iptables-$1" -w -t nat -F KUBE-SERVICES ;;
  esac
}

is_repaired() {
  case "$1" in
    nftables) [ "$(count 'IPv4 rules are in place again')" -gt "$done" ] ;;
    *) [ "$(inside "iptables-$1" -w -t nat -S KUBE-SERVICES | wc -l)" -gt "$services" ] ;;
  esac
}

failed=0
printf '%s Services, %s s, %s cores, %s (%s), kernel %s\n' \
  "$services" "$seconds" "$(nproc)" "$("$program" --version)" "$program" "$(uname -r)"
printf '%-9s %8s %8s %5s %9s | %8s %9s %9s\n' mode commits updates full warnings found repaired checked
for mode in "$@"; do
  case "$mode" in nftables) flags=(--proxy-mode nftables) ;; nft | legacy) flags=(--proxy-mode iptables --iptables-variant "$mode") ;; *) echo "unknown mode $mode" >&2; exit 1 ;; esac
  ip netns add "$namespace"
  inside ip link set lo up
  ip netns exec "$namespace" "$fake_api" \
    --services "$services" --endpoints 10 --port 16443 --node node-1 --kubeconfig "$work/kubeconfig" </dev/null >"$work/server" 2>&1 &
  server=$!
  await "$work/server" '^control ' 1
  control=$(sed -n 's/^control //p' "$work/server")
  export -f write
  ip netns exec "$namespace" bash -c "write $mode" >"$work/commits" 2>/dev/null & # from before the first load on
  writer=$!
  ip netns exec "$namespace" "$program" run --kubeconfig "$work/kubeconfig" --hostname-override node-1 \
    "${flags[@]}" --iptables-min-sync-period=0s "${quiet_flags[@]}" -v=4 >"$work/log" 2>&1 &
  agent=$!
  await "$work/log" 'Synced IPv4 rules (full)' 1
  sleep 5
  first=$(count 'Synced IPv4 rules (full)') noise=$(grep -c '^[WE]' "$work/log" || true)
  began=$(date +%s.%N) found= repaired= checked= updates=0
  : >"$work/commits"
  for change in $(seq 100); do
    before=$(count 'Synced IPv4 rules (partial)')
    inside curl -sS -d 'touch 1' "$control" >/dev/null
    await "$work/log" 'Synced IPv4 rules (partial)' $((before + 1))
    updates=$((updates + 1))
    if [ "$change" -eq 50 ]; then
      done=$(count 'IPv4 rules are in place again')
      at=$(date +%H:%M:%S.%N | awk -F: '{ printf "%.3f", $1 * 3600 + $2 * 60 + $3 }')
      [ "$mode" = nftables ] || is_repaired "$mode" || { echo "the rules are not as this script looks for them" >&2; exit 1; }
      damage "$mode"
      began_repair=$(date +%s.%N)
      until is_repaired "$mode"; do sleep 0.02; done
      repaired=$(awk -v from="$began_repair" -v to="$(date +%s.%N)" 'BEGIN { printf "%.2f", to - from }')
      await "$work/log" 'IPv4 rules are in place again' $((done + 1))
      found=$(since "$at" "$(times_of "$work/log" 'IPv4 rules were changed by somebody else' | tail -n 1)")
      checked=$(since "$at" "$(times_of "$work/log" 'IPv4 rules are in place again' | tail -n 1)")
    fi
    sleep "$(awk -v now="$(date +%s.%N)" -v began="$began" -v part="$change" -v all="$seconds" 'BEGIN { d = began + all * part / 100 - now; print (d > 0 ? d : 0) }')"
  done
  full=$(($(count 'Synced IPv4 rules (full)') - first - $([ "$mode" = nftables ] && echo 1 || echo 0)))
  warnings=$(($(grep -c '^[WE]' "$work/log" || true) - noise - 1))
  printf '%-9s %8s %8s %5s %9s | %6s s %7s s %7s s\n' "$mode" "$(wc -l <"$work/commits")" "$updates" "$full" "$warnings" "$found" "$repaired" "$checked"
  end_processes "$writer"
  writer=
  if [ "$mode" = nftables ] && ! inside nft get element ip kube-proxy service-ips '{ 10.96.0.0 . tcp . 80 }' >/dev/null; then
    echo "the rules are not there at the end" >&2
    failed=1
  fi
  [ "$full" -eq 0 ] && [ "$warnings" -eq 0 ] || { failed=1; grep -E '^[WE]|\(full\)' "$work/log" | cut -c1-300 >&2; }
  stop
  rm -f "$work"/*
done
exit "$failed"
