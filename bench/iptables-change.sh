#!/usr/bin/env bash
# Measures what one changed endpoint costs in iptables mode: processor time of the agent with all its children, beside that
# of plain iptables-restore for the same text, in one run. Everything the agent does meanwhile counts, its checks too.
# Takes out/kube-proxy-sharp if ./build.sh made one, else builds. Needs root.
#   bench/iptables-change.sh [SERVICES ENDPOINTS [VARIANT...]]     default 2000 10 nft legacy
#   CHANGES   (environment, 10) how many changes are measured, one after the other, CPU_PAUSE (1) seconds apart
#   alone     nobody else uses iptables
#   listing   another program runs iptables-save again and again
#   writing   another program adds and deletes a chain of its own in the table nat, about five commits a second
#   agent     processor time of the agent and its children for a change (ms), and in brackets how many listings of all
#             rules it began during the measurement
#   plain     processor time of iptables-restore --noflush for the text of such a change (ms); the same text is taken
#             again and again, as it declares the chains that it deletes
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,14s/^# \{0,1\}//p' bench/iptables-change.sh; exit 0 ;; esac
services=${1:-2000} endpoints=${2:-10}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- nft legacy
source bench/common.sh
changes=${CHANGES:-10} pause=${CPU_PAUSE:-1}

build_fake_api
work=$(mktemp -d) namespace=kps-change-$$ agent= server= other=
export XTABLES_LOCKFILE=$work/lock

inside() { ip netns exec "$namespace" "$@"; }

stop_other() {
  [ -z "$other" ] || { touch "$work/enough"; wait "$other" || true; }
  other=
  rm -f "$work/enough"
}

stop_agent() {
  end_processes "$agent"
  agent=
}

stop() {
  stop_other
  stop_agent
  end_processes "$server"
  server=
  ip netns delete "$namespace" 2>/dev/null || true
}
trap 'stop; rm -rf "$work"' EXIT

# Tools before the real ones in PATH: the restore keeps its text while asked to, the save is counted.
make_tools() { # VARIANT
  mkdir -p "$work/tools"
  local restore save
  restore=$(command -v "iptables-$1-restore") save=$(command -v "iptables-$1-save")
  cat >"$work/save-tool" <<END
#!/bin/sh
echo >>"$work/listings"
exec $save "\$@"
END
  cat >"$work/tools/iptables-$1-restore" <<END
#!/bin/sh
for word; do last=\$word; done
case \$last in /proc/*) cat "\$last" ;; *) cat ;; esac >"$work/text"
exec $restore "\$@" <"$work/text"
END
  chmod +x "$work/save-tool" "$work/tools/iptables-$1-restore"
}

start() { # VARIANT
  ip netns add "$namespace"
  inside ip link set lo up
  ip netns exec "$namespace" "$fake_api" \
    --services "$services" --endpoints "$endpoints" --port 16443 --node node-1 --kubeconfig "$work/kubeconfig" \
    </dev/null >"$work/server" 2>&1 &
  server=$!
  await "$work/server" '^control ' 1
  control=$(sed -n 's/^control //p' "$work/server")
  ip netns exec "$namespace" env PATH="$work/tools:$PATH" "$program" run --kubeconfig "$work/kubeconfig" --hostname-override node-1 \
    --proxy-mode iptables --iptables-variant "$1" --iptables-min-sync-period=0s "${quiet_flags[@]}" -v=4 >"$work/log" 2>&1 &
  agent=$!
  await "$work/log" 'Synced IPv4 rules (full)' 1
}

# Lets another program use iptables: until $work/enough is there.
start_other() { # VARIANT WHAT
  case "$2" in
    alone) return ;;
    listing) inside bash -c 'until [ -e "$1/enough" ]; do iptables-$2-save >/dev/null; done' - "$work" "$1" & ;;
    writing) inside bash -c 'until [ -e "$1/enough" ]; do
        iptables-$2 -w 60 -t nat -N BENCH-OTHER; sleep 0.2; iptables-$2 -w 60 -t nat -X BENCH-OTHER; sleep 0.2
      done' - "$work" "$1" >/dev/null 2>&1 & ;;
  esac
  other=$!
  sleep 1
}

change() {
  local before
  before=$(grep -c 'Synced IPv4 rules (partial)' "$work/log" || true)
  inside curl -sS -d 'touch 1' "$control" >/dev/null
  await "$work/log" 'Synced IPv4 rules (partial)' $((before + 1))
}

# Processor time of the agent and of its children that ended, in ms.
used() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); print ($12 + $13 + $14 + $15) * 1000 / hz }' "/proc/$agent/stat"; }

listings() { wc -l <"$work/listings"; }

# Until the agent uses (almost) nothing: what its full load left to be done does not belong to the changes.
rest() {
  local before
  for _ in $(seq 120); do
    before=$(used); sleep 2
    [ $(($(used) - before)) -gt 60 ] || return 0
  done
}

printf '%s Services x %s endpoints, %s changes, %s cores, %s (%s), kernel %s\n' \
  "$services" "$endpoints" "$changes" "$(nproc)" "$("$program" --version)" "$program" "$(uname -r)"
printf '%-8s %-8s %10s %12s %10s %8s\n' variant other agent '(listings)' plain ratio
for variant in "$@"; do
  case "$variant" in nft | legacy) ;; *) echo "unknown variant $variant" >&2; exit 1 ;; esac
  make_tools "$variant"
  : >"$work/listings"
  start "$variant"
  change
  cp "$work/text" "$work/partial"
  rm "$work/tools/iptables-$variant-restore"
  mv "$work/save-tool" "$work/tools/iptables-$variant-save"
  change # the first ones compile code in a build that is not native
  change
  for what in alone listing writing; do
    rest
    start_other "$variant" "$what"
    : >"$work/listings"
    begin=$(used)
    for _ in $(seq "$changes"); do
      change
      sleep "$pause"
    done
    echo "$(($(used) - begin)) $(listings)" >"$work/agent-$what"
    stop_other
  done
  stop_agent
  for what in alone listing writing; do
    start_other "$variant" "$what"
    inside bash -c 'TIMEFORMAT="%3U %3S"
      time for _ in $(seq "$2"); do iptables-$3-restore -w 60 --noflush --counters <"$1/partial"; sleep "$4"; done' \
      - "$work" "$changes" "$variant" "$pause" 2>"$work/plain"
    stop_other
    awk -v variant="$variant" -v what="$what" -v changes="$changes" -v agent="$(cat "$work/agent-$what")" '
      { split(agent, a, " "); plain = ($1 + $2) * 1000
        printf "%-8s %-8s %7.0f ms %12s %7.0f ms %8.2f\n", variant, what, a[1] / changes, "(" a[2] ")", plain / changes, a[1] / plain }' \
      <(tail -1 "$work/plain")
  done
  stop
  rm -rf "${work:?}"/*
done
