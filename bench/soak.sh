#!/usr/bin/env bash
# Lets everything happen to the running agent at once, with real rules and packets in network namespaces of its own, and
# tells what it cost: connections, delays, memory, full transactions. Ends with 1 and says FAIL when a limit is broken.
#   bench/soak.sh [MINUTES] [MODE] [--services N]     default 20 nftables 10000
#   MODE      nftables, or the variant of iptables: legacy or nft
# Goes on all the time: connections to Services, 20 changes a second, a foreign writer of rules, 100,000 conntrack flows,
# pods' interfaces (10 a second). Now and then: the API server is away (refuses, accepts and closes, hangs, 503; it comes
# back with 410), our rules are damaged, the node's address changes, a Service is bad. Takes out/kube-proxy-sharp if
# ./build.sh made one, else builds. Needs root. The agent's log stays in artifacts/soak/MODE/agent.log.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=20 mode=nftables services=10000
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' bench/soak.sh; exit 0 ;;
    --services) services=${2:?how many Services?}; shift ;;
    nftables | nft | legacy) mode=$1 ;;
    *[!0-9]*) echo "unknown mode or option $1; see bench/soak.sh --help" >&2; exit 2 ;;
    *) minutes=$1 ;;
  esac
  shift
done
source bench/common.sh
program=$(realpath "$program")

dotnet build bench/Soak -c Release --nologo -v quiet
work=$PWD/artifacts/soak/$mode
rm -rf "$work"
soak=

# The driver removes what it made; this is for the case that it was killed.
clean_up() {
  [ -n "$soak" ] || return 0
  kill "$soak" 2>/dev/null || true
  wait "$soak" 2>/dev/null || true
  for path in /run/netns/kps-"$soak"-*; do
    [ -e "$path" ] || continue
    ip netns pids "${path##*/}" | xargs -r kill -KILL || true
    ip netns delete "${path##*/}" || true
  done
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

printf '%s minutes of %s mode, %s Services, %s cores, %s (%s), kernel %s\n' \
  "$minutes" "$mode" "$services" "$(nproc)" "$("$program" --version)" "${program#"$PWD"/}" "$(uname -r)"
artifacts/bin/Soak/release/KubeProxySharp.Soak --program "$program" --work "$work" --minutes "$minutes" --mode "$mode" \
  --services "$services" </dev/null &
soak=$!
code=0
wait "$soak" || code=$?
exit "$code"
