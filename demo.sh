#!/usr/bin/env bash
# Shows the program at work without a cluster: builds it, prints rules for examples/cluster.yaml, then makes a node, a
# second node and a client out of network namespaces, starts the agent on examples/demo.yaml, connects to a cluster IP, a
# node port and a load-balancer IP, kills an endpoint, and cleans up. Nothing outside these namespaces is changed.
#   ./demo.sh [iptables|nftables]     as root, or as anybody where the kernel allows user namespaces
set -euo pipefail
cd "$(dirname "$0")"
mode=${1:-nftables}
program=$PWD/out/kube-proxy-sharp
case "$mode" in iptables|nftables) ;; *) sed -n '2,5s/^# \{0,1\}//p' demo.sh; exit 2 ;; esac

if [ -t 1 ]; then bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; else bold='' green='' red='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

if [ -z "${KPS_DEMO_LAB:-}" ]; then
  scripts/need-dotnet.sh
  scripts/install-tools.sh
  ./build.sh --if-needed
  say "The rules that node-a of examples/cluster.yaml would have (the first of $(
    "$program" dry-run -f examples/cluster.yaml --config examples/kube-proxy.yaml --node node-a --family ipv4 | grep -c '^-A')):"
  "$program" dry-run -f examples/cluster.yaml --config examples/kube-proxy.yaml --node node-a --family ipv4 |
    grep -- '-A KUBE-SERVICES' | awk 'NR <= 5 { print "    " substr($0, 1, 150) }'
  if [ "$(id -u)" -eq 0 ]; then exec env KPS_DEMO_LAB=1 ./demo.sh "$mode"; fi
  exec scripts/rootless.sh env KPS_DEMO_LAB=1 ./demo.sh "$mode"
fi

started=$SECONDS
id=kps-$$-demo
work=$(mktemp -d)
programs=()
clean_up() {
  status=$?
  [ "${#programs[@]}" -eq 0 ] || kill "${programs[@]}" 2>/dev/null || true
  wait || true
  for host in "$id"-{node,second,client,pod1,pod2}; do ip netns delete "$host" 2>/dev/null || true; done
  case "$status" in
    0) printf '\n%sDone in %d s: 600 connections, none failed; all namespaces are removed.%s\n' "$green" "$((SECONDS - started))" "$plain" ;;
    130) printf '\nStopped; all namespaces are removed.\n' ;;
    *) cat "$work/agent.log" 2>/dev/null || true; printf '%sThe demo failed.%s\n' "$red" "$plain" ;;
  esac
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

inside() { local host=$1; shift; ip netns exec "$id-$host" "$@"; }
address() { ip -n "$id-$1" address add "$2" dev "$3"; }
route() { local host=$1; shift; ip -n "$id-$host" route add "$@"; }
cable() { # HOST INTERFACE HOST INTERFACE
  ip -n "$id-$1" link add "$2" type veth peer name "$4" netns "$id-$3"
  ip -n "$id-$1" link set "$2" up
  ip -n "$id-$3" link set "$4" up
}
serve() { # HOST NAME ADDRESS
  inside "$1" setpriv --pdeathsig KILL python3 examples/demo_traffic.py serve "$2" "$3" 8080 & programs+=($!)
}
until_true() { # SECONDS COMMAND...
  local end=$((SECONDS + $1)); shift
  until "$@"; do [ "$SECONDS" -lt "$end" ] || return 1; sleep 0.1; done
}
listens() { inside "$1" python3 examples/demo_traffic.py dial "$2" 8080 1 >/dev/null; }
in_log() { grep -q "$1" "$work/agent.log"; }
lines_of() { grep -c "$1" "$work/agent.log" || true; }
followed() { [ "$(lines_of 'Synced IPv4 rules')" -gt "$1" ]; }

say "1. A node with two pods, a second node with one, and a client (network namespaces $id-*)"
for host in node second client pod1 pod2; do ip netns add "$id-$host"; ip -n "$id-$host" link set lo up; done
inside node sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
cable node uplink client eth0
cable node other second eth0
address node 192.0.2.10/24 uplink;    address client 192.0.2.1/24 eth0
address node 192.0.2.129/30 other;    address second 192.0.2.130/30 eth0
for pod in 1 2; do
  cable node pod$pod pod$pod eth0
  address node 10.244.1.1/32 pod$pod; address pod$pod 10.244.1.$((pod + 4))/32 eth0
  route node 10.244.1.$((pod + 4)) dev pod$pod
  route pod$pod 10.244.1.1 dev eth0; route pod$pod default via 10.244.1.1
done
address second 10.244.2.7/32 lo
route node 10.244.2.0/24 via 192.0.2.130
route node default via 192.0.2.1
route second default via 192.0.2.129
route client 10.96.0.0/12 via 192.0.2.10
route client 198.51.100.0/24 via 192.0.2.10
serve pod1 pod1 10.244.1.5;           serve pod2 pod2 10.244.1.6; pod2_server=$!
serve second pod3 10.244.2.7
until_true 60 listens pod1 10.244.1.5; until_true 60 listens pod2 10.244.1.6; until_true 60 listens second 10.244.2.7
echo "    10.244.1.5 and 10.244.1.6 on node-a, 10.244.2.7 on node-b, client 192.0.2.1"

say "2. The agent starts in mode $mode: kube-proxy-sharp run --manifests DIR --proxy-mode $mode"
mkdir "$work/manifests"
: >"$work/agent.log"
cp examples/demo.yaml "$work/manifests/"
inside node setpriv --pdeathsig KILL "$program" run --manifests "$work/manifests" --hostname-override node-a \
  --proxy-mode "$mode" --cluster-cidr 10.244.0.0/16 --nodeport-addresses primary --oom-score-adj=0 --conntrack-max-per-core=0 \
  --conntrack-tcp-timeout-established=0s --conntrack-tcp-timeout-close-wait=0s -v=2 >"$work/agent.log" 2>&1 & programs+=($!)
until_true 60 in_log 'Synced IPv4 rules (full)'
sed -n '/"Synced IPv4 rules/{s/.*"\(Synced IPv4 rules[^"]*\)".*/    \1/p;q}' "$work/agent.log"

dial() { # WHAT HOST ADDRESS PORT
  echo "  $1 ($3:$4), 150 connections"
  inside "$2" python3 examples/demo_traffic.py dial "$3" "$4" 150
}
say "3. Connections"
dial "cluster IP, from a pod" pod1 10.96.0.10 80
dial "node port, from outside" client 192.0.2.10 30080
dial "load-balancer IP, from outside" client 198.51.100.7 80

say "4. pod2 goes: its endpoint is taken out, then the pod is killed"
before=$(lines_of 'Synced IPv4 rules')
grep -v '10.244.1.6' examples/demo.yaml >"$work/next.yaml"
mv "$work/next.yaml" "$work/manifests/demo.yaml"
until_true 60 followed "$before"
kill "$pod2_server"
sed -n 's/.*"\(Synced IPv4 rules[^"]*\)".*/    \1/p' "$work/agent.log" | tail -1
dial "load-balancer IP, from outside" client 198.51.100.7 80
