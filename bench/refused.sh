#!/usr/bin/env bash
# Measures what happens when the kernel refuses Services: the real program, a fake API server and the kernel, in a network
# namespace of its own. Needs root; for netlink messages gcc.
#   bench/refused.sh [SERVICES [MODE [REFUSED...]]]     default 10000 nftables 1 15 200
#   MODE      nftables (netlink messages), nftables-nft (the program nft), or the variant of iptables: legacy or nft (try 1000 Services)
#   NAMED     (environment) 1: what is added has the address of the Service, as what a tool complains about has as a rule
#   others    from the first refusal until the kernel has all other Services, as the log says; then the kernel is asked
#   named     from the first refusal until the log names all refused ones
#   change    from a replaced endpoint until the kernel has it, two a second from the first refusal on, at least 40: half of
#             them, and 99 of 100, take no longer than this (buckets of kubeproxy_network_programming_duration_seconds)
#   calls     transactions and trials
# The log names 2,000 Services at once, so REFUSED must not be more.
# Netlink messages are spoilt on their way (refuse-messages.c), so that the kernel refuses the elements of these Services. A
# wrapper around a tool adds a command that is refused to every transaction that has one of the refused Services, at its
# end, so that the line that the tool names says nothing: the worst case. A text of iptables-restore can have many.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,16s/^# \{0,1\}//p' bench/refused.sh; exit 0 ;; esac
services=${1:-10000} mode=${2:-nftables}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 1 15 200
source bench/common.sh

build_fake_api
work=$(mktemp -d) namespace=kps-refused-$$ agent= server=

stop() {
  end_processes "$agent" "$server"
  agent= server=
  ip netns delete "$namespace" 2>/dev/null || true
}
trap 'stop; rm -rf "$work"' EXIT

# The tool of the mode, which refuses what "refused" has a line for. Texts go through files: they may be large.
mkdir "$work/bin"
case "$mode" in
  nftables) tools= preload=$work/refuse.so; gcc -O2 -shared -fPIC -o "$preload" bench/refuse-messages.c -ldl ;;
  nftables-nft) tools=nft; bad='add rule ip kube-proxy-nowhere x accept' ;;
  nft | legacy) tools="iptables-$mode-restore ip6tables-$mode-restore"; bad='-A KUBE-SERVICES -j KUBE-NOWHERE' ;;
  *) echo "unknown mode $mode" >&2; exit 1 ;;
esac
for tool in $tools; do
  cat >"$work/bin/$tool" <<WRAPPER
#!/bin/sh
case "\$*" in *-f* | *--counters*) ;; *) exec /usr/sbin/$tool "\$@" ;; esac
echo >>$work/calls
text=$work/text.\$\$
file=-
for word; do [ "\$last" = -f ] && file=\$word; last=\$word; done
case \$last in /proc/*) file=\$last ;; esac
cat "\$file" >"\$text"
if grep -qwFf $work/refused "\$text"; then
  case $tool in nft) if [ -n "${NAMED:-}" ]; then grep -owFf $work/refused "\$text" | sort -u | sed 's/.*/add element ip kube-proxy-nowhere x { & }/'; else echo '$bad'; fi >"\$text.bad"
    cat "\$text.bad" >>"\$text"; rm "\$text.bad" ;; *) awk -f $work/spoil.awk -v named="${NAMED:-}" $work/refused "\$text" >"\$text.bad"; mv "\$text.bad" "\$text" ;; esac
fi
case $tool in nft) exec 3<"\$text"; rm -f "\$text"; [ "\$1" = --check ] && exec /usr/sbin/nft --check -f /dev/stdin <&3; exec /usr/sbin/nft -f /dev/stdin <&3 ;; esac
first=yes
for word; do
  [ -z "\$first" ] || set --
  first=
  [ "\$word" = "\$file" ] || set -- "\$@" "\$word"
done
/usr/sbin/$tool "\$@" <"\$text"
code=\$?
rm -f "\$text"
exit \$code
WRAPPER
  chmod +x "$work/bin/$tool"
done

cat >"$work/spoil.awk" <<'AWK'
FNR == NR { refused[$1 "/32"]; next }
/^\*/ { bad = "" }
$3 == "-d" && $4 in refused { bad = bad == "" || named == "" ? (named == "" ? "-A KUBE-SERVICES -j KUBE-NOWHERE\n" : "-A KUBE-SERVICES -d " $4 " -j KUBE-NOWHERE\n") : bad }
/^COMMIT/ { printf "%s", bad }
{ print }
AWK

# Services in the kernel: those with an element, or with a rule that goes to their chain.
served() {
  if [[ $mode = nftables* ]]; then
    ip netns exec "$namespace" nft list map ip kube-proxy service-ips 2>/dev/null | grep -o 'tcp . 80' | wc -l
  else
    ip netns exec "$namespace" "iptables-$mode-save" -t nat 2>/dev/null | grep -c '^-A KUBE-SERVICES.*-j KUBE-SVC-' || true
  fi
}

# From the first refusal to a time of the day, both in seconds.
seconds() { awk -v from="$1" -v to="$2" 'BEGIN { printf "%.2f", to - from }'; }

printf '%s Services, %s, %s cores, %s, kernel %s\n' "$services" "$mode" "$(nproc)" "$program" "$(uname -r)"
printf '%8s | %9s %9s | %10s %10s | %8s\n' refused others named 'change p50' p99 calls
case "$mode" in
  nftables) flags=(--proxy-mode nftables --iptables-min-sync-period=0s) ;;
  nftables-nft) flags=(--proxy-mode nftables --nftables-writer nft --iptables-min-sync-period=0s) ;;
  *) flags=(--proxy-mode iptables --iptables-variant "$mode") ;;
esac
for count in "$@"; do
  # What is waited for must not be the text of the last ones.
  rm -f "$work"/{server,kubeconfig,log}
  : >"$work/calls"
  for index in $(seq "$count"); do
    number=$((index * (services / count) - 1))
    echo "10.96.$((number / 256)).$((number % 256))"
  done >"$work/refused"
  ip netns add "$namespace"
  ip netns exec "$namespace" ip link set lo up
  ip netns exec "$namespace" "$fake_api" --services "$services" --endpoints 2 --port 16443 --node node-1 --kubeconfig "$work/kubeconfig" \
    </dev/null >"$work/server" 2>&1 &
  server=$!
  await "$work/server" '^control ' 1
  control=$(sed -n 's/^control //p' "$work/server")
  XTABLES_LOCKFILE=$work/lock PATH=$work/bin:$PATH ip netns exec "$namespace" \
    env LD_PRELOAD="${preload:-}" REFUSE_ADDRESSES="$work/refused" REFUSE_CALLS="$work/calls" "$program" run --kubeconfig "$work/kubeconfig" --hostname-override node-1 \
    "${flags[@]}" "${quiet_flags[@]}" -v=4 >"$work/log" 2>&1 &
  agent=$!
  await "$work/log" 'could not be written' 1
  began=$(times_of "$work/log" 'could not be written' | awk 'NR == 1') others= named=
  for change in $(seq 1200); do
    ip netns exec "$namespace" curl -sS -d 'touch 1' "$control" >/dev/null
    sleep 0.5
    [ -n "$named" ] || [ "$(grep -c 'The kernel refuses the IPv4 rules' "$work/log" || true)" -lt "$count" ] ||
      named=$(times_of "$work/log" 'The kernel refuses the IPv4 rules' | sed -n "${count}p")
    if [ -z "$others" ]; then
      others=$(awk -v least=$((services - count)) '/Synced IPv4 rules/ { for (i = 2; i <= NF; i++) if ($i ~ /^Services/ && $(i - 1) >= least) { split($2, t, ":"); printf "%.6f", t[1] * 3600 + t[2] * 60 + t[3]; exit } }' "$work/log")
      [ -z "$others" ] || [ "$(served)" -ge $((services - count)) ] || { echo "the kernel does not have what the log says" >&2; exit 1; }
    fi
    [ -z "$named" ] || [ -z "$others" ] || [ "$change" -lt 40 ] || break
  done
  sleep 2
  # Buckets grow: the first that has half, and that has 99 of 100.
  read -r half most <<<"$(ip netns exec "$namespace" curl -sS http://127.0.0.1:10249/metrics |
    awk -F'[ "]' 'BEGIN { n = 0 } /^kubeproxy_network_programming_duration_seconds_bucket.*IPv4/ { for (i = 1; i < NF; i++) if ($i ~ /le=$/) { le[n] = $(i + 1); sum[n++] = $NF } }
      END { all = sum[n - 1]; for (i = 0; i < n && !most; i++) { if (!half && 2 * sum[i] >= all) half = le[i]; if (100 * sum[i] >= 99 * all) most = le[i] } print half, most }')"
  printf '%8s | %7s s %7s s | <= %5s s <= %5s s | %8s\n' "$count" "$([ -z "$others" ] && echo none || seconds "$began" "$others")" \
    "$([ -z "$named" ] && echo none || seconds "$began" "$named")" "$half" "$most" "$(wc -l <"$work/calls")"
  stop
done
