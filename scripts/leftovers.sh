#!/usr/bin/env bash
# Says what tests, demo and smoke test have left behind on this machine: network namespaces whose owner has ended, programs
# in them, and rules of ours outside of any namespace. Prints nothing if there is nothing.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"

# The name of a namespace is kps-, the process id of its owner, and more.
for path in /run/netns/kps-*; do
  [ -e "$path" ] || continue
  name=${path##*/} owner=${path##*/kps-}
  owner=${owner%%-*}
  case "$owner" in ''|*[!0-9]*) continue ;; esac
  [ ! -d "/proc/$owner" ] || continue
  echo "network namespace $name"
  for process in $(ip netns pids "$name" 2>/dev/null || true); do
    echo "process $process in $name: $(tr '\0' ' ' <"/proc/$process/cmdline" 2>/dev/null || true)"
  done
done

[ "$(id -u)" -eq 0 ] || exit 0
if command -v nft >/dev/null; then
  nft list chains 2>/dev/null | awk '$1 == "table" { table = $2 " " $3 } $1 == "table" && $3 == "kube-proxy" { print "nftables table " table } $1 == "chain" && $2 ~ /^KUBE-/ { print "iptables chain " $2 " in " table }' || true
fi
for family in ip ip6; do
  # To ask the legacy variant would load its modules; what it has no tables for, it has no rules for.
  for table in $(cat "/proc/net/${family}_tables_names" 2>/dev/null || true); do
    "${family}tables-legacy-save" -t "$table" 2>/dev/null | sed -n "s/^:\(KUBE-[^ ]*\).*/legacy ${family}tables chain \1 in $table/p" || true
  done
done
