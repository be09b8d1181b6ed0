#!/usr/bin/env bash
# Lets interfaces with addresses come and go, ten a second, as pods do, while the real agent runs in a namespace of its own
# with node ports on what is there. Takes out/kube-proxy-sharp if ./build.sh made one, else builds. Needs root.
#   bench/churn.sh [MINUTES] [MODE]     default 20 nftables; MODE is nftables or iptables
#   churned   interfaces made, and those deleted again
#   exits     how often the agent ended (0 is right); what it said is shown
#   syncs     writes of rules meanwhile, and the processor time of the agent in seconds
#   failures  warnings and errors in its log
#   right     whether the rules name the very addresses that are there at the end
#   read      with 242 addresses on 121 interfaces: time and allocation of a read by the framework, as it was, by a listing
#             of our own, and of an update without news
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,12s/^# \{0,1\}//p' bench/churn.sh; exit 0 ;; esac
minutes=${1:-20} mode=${2:-nftables}
source bench/common.sh

bench=artifacts/bin/Bench/release/KubeProxySharp.Bench
[ -n "${KPS_NO_BUILD:-}" ] || dotnet build bench/Bench -c Release --nologo -v quiet
work=$(mktemp -d) space=kps-churn-$$ agent=

finish() {
  end_processes "$agent"
  ip netns delete "$space" 2>/dev/null || true
  ip netns delete "$space-read" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

ip netns add "$space"
ip -n "$space" link set lo up
mkdir "$work/manifests"
cat >"$work/manifests/all.yaml" <<'YAML'
apiVersion: v1
kind: Node
metadata: {name: node-1}
status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: NodePort, clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], ports: [{port: 80, nodePort: 30080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080, protocol: TCP}]
endpoints: [{addresses: [10.244.1.5]}]
YAML

start() {
  XTABLES_LOCKFILE=$work/lock ip netns exec "$space" "$program" run --manifests "$work/manifests" --hostname-override node-1 \
    --proxy-mode "$mode" --nodeport-addresses 10.77.0.0/16 "${quiet_flags[@]}" -v=4 >>"$work/log" 2>&1 &
  agent=$!
}

rules() { # the addresses of node ports in the rules
  if [ "$mode" = nftables ]; then
    ip netns exec "$space" nft list set ip kube-proxy nodeport-ips
  else
    ip netns exec "$space" iptables-save -t nat | sed -n '/KUBE-NODEPORTS/p'
  fi | grep -o '10\.77\.[0-9]*\.[0-9]*' | sort -u || true
}

present() { ip -n "$space" -4 -o address show | grep -o '10\.77\.[0-9]*\.[0-9]*' | sort -u || true; }

start
for _ in $(seq 600); do
  [ "$(grep -c 'Synced IPv4' "$work/log" || true)" -gt 0 ] && break
  sleep 0.1
done
grep -q 'Synced IPv4' "$work/log" || { echo "the agent wrote no rules:" >&2; tail -5 "$work/log" >&2; exit 1; }

exits=0 made=0 deleted=0 step=0
end=$((SECONDS + minutes * 60))
while [ "$SECONDS" -lt "$end" ]; do
  next=$(($(date +%s%N) + 200000000))
  name=$((step % 1000)) high=$((step / 100 % 200)) low=$((step % 100 * 2 + 1))
  {
    printf 'link add c%s type veth peer name d%s\n' "$name" "$name"
    printf 'address add 10.77.%s.%s/32 dev c%s\naddress add 10.77.%s.%s/32 dev d%s\n' "$high" "$low" "$name" "$high" "$((low + 1))" "$name"
    printf 'link set c%s up\nlink set d%s up\n' "$name" "$name"
    [ "$step" -lt 5 ] || printf 'link del c%s\n' "$(((step - 5) % 1000))"
  } | ip -n "$space" -batch - 2>>"$work/ip"
  made=$((made + 2)) step=$((step + 1))
  [ "$step" -le 5 ] || deleted=$((deleted + 2))
  if ! kill -0 "$agent" 2>/dev/null; then
    exits=$((exits + 1))
    echo "the agent ended:" >&2; tail -3 "$work/log" >&2
    start
  fi
  rest=$((next - $(date +%s%N)))
  [ "$rest" -le 0 ] || sleep "$(printf '%d.%09d' 0 "$rest")"
done

right=no
for _ in $(seq 100); do
  if [ "$(rules)" = "$(present)" ]; then right=yes; break; fi
  sleep 0.1
done
ticks=$(awk '{ print $14 + $15 }' "/proc/$agent/stat" 2>/dev/null || echo 0)
printf 'churned   %s interfaces made, %s deleted, mode %s, %s minutes\n' "$made" "$deleted" "$mode" "$minutes"
printf 'exits     %s\n' "$exits"
printf 'syncs     %s of IPv4, %s s of processor time\n' "$(grep -c 'Synced IPv4' "$work/log" || true)" "$((ticks / $(getconf CLK_TCK)))"
printf 'failures  %s\n' "$(grep -c '^[WEF]' "$work/log" || true)"
printf 'right     %s (%s addresses)\n' "$right" "$(present | wc -l)"
grep '^[EF]' "$work/log" | sort | uniq -c | sort -rn | sed -n '1,5p' >&2 || true

ip netns add "$space-read"
ip -n "$space-read" link set lo up
for number in $(seq 60); do
  printf 'link add c%s type veth peer name d%s\n' "$number" "$number"
  for side in c d; do
    printf 'link set %s%s up\naddress add 10.78.%s.%s/32 dev %s%s\n' "$side" "$number" "$number" "$([ $side = c ] && echo 1 || echo 2)" "$side" "$number"
  done
done | ip -n "$space-read" -batch -
sleep 2
ip netns exec "$space-read" "$bench" addresses
[ "$exits" -eq 0 ] && [ "$right" = yes ]
