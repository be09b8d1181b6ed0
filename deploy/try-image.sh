#!/usr/bin/env bash
# Starts the image's root file system as deploy/base/daemonset.yaml would, without a container engine: chroot in mount and
# network namespaces of its own, read-only, /proc/sys read-only, NET_ADMIN and NET_RAW as the only capabilities. Needs
# root; nothing outside the namespaces is changed.
#   deploy/try-image.sh PROGRAM MODE [auto|nft|legacy]
# The agent reads examples/demo.yaml. With KPS_IMAGE_KUBECONFIG=FILE it asks an API server instead, which has to be in the
# network namespace that the script is run in; that is used then. With KPS_IMAGE_FIREWALLD=1 a D-Bus daemon and firewalld of
# the namespace are started beside it, as deploy/firewalld has them, and the agent has to hear firewalld's reload.
set -euo pipefail
[ "$#" -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
# Before the change of directory: paths are the caller's.
program=$(realpath "$1") mode=$2 variant=${3:-auto}
[ -z "${KPS_IMAGE_KUBECONFIG:-}" ] || KPS_IMAGE_KUBECONFIG=$(realpath "$KPS_IMAGE_KUBECONFIG")
cd "$(dirname "$0")/.."

if [ -z "${KPS_IMAGE_WORK:-}" ]; then
  KPS_IMAGE_WORK=$(mktemp -d)
  export KPS_IMAGE_WORK
  trap 'rm -rf "$KPS_IMAGE_WORK"' EXIT
  network=--net
  [ -z "${KPS_IMAGE_KUBECONFIG:-}" ] || network=
  [ -z "${KPS_IMAGE_FIREWALLD:-}" ] || [ -n "$network" ] || { echo "image: firewalld needs a network namespace of its own" >&2; exit 2; }
  # shellcheck disable=SC2086  # none or one
  unshare $network --mount --pid --fork --kill-child --propagation private deploy/try-image.sh "$program" "$mode" "$variant"
  exit 0
fi

root=$KPS_IMAGE_WORK/root
fail() { echo "image: $*" >&2; cat "$KPS_IMAGE_WORK"/*.log >&2; exit 1; }
ip link set lo up

size=$(deploy/assemble-rootfs.sh "$program" "$root")
mkdir -p "$root/tmp/drop" "$KPS_IMAGE_WORK"/{configuration,drop}
: >"$root/run/xtables.lock"
: >"$KPS_IMAGE_WORK/xtables.lock"
# What counts connections, in the kernel of all networks, is not this test's to set.
from_manifests='/^clientConnection:/,/kubeconfig:/d' source=(--manifests /etc/kube-proxy-sharp/demo.yaml)
if [ -n "${KPS_IMAGE_KUBECONFIG:-}" ]; then
  from_manifests= source=()
  cp "$KPS_IMAGE_KUBECONFIG" "$KPS_IMAGE_WORK/configuration/kubeconfig"
fi
{ sed -e "s/^mode:.*/mode: $mode/" -e "$from_manifests" deploy/base/kube-proxy.yaml; printf '%s\n' 'conntrack: {maxPerCore: 0, udpTimeout: 42s}' 'logging: {verbosity: 2}'; } \
  >"$KPS_IMAGE_WORK/configuration/config.conf"
cp examples/demo.yaml "$KPS_IMAGE_WORK/configuration/"
# The only things in the tree that the image does not have: what takes the capabilities away.
cp "$(command -v setpriv)" "$KPS_IMAGE_WORK/drop/"
ldd "$(command -v setpriv)" | grep -o '/[^ ]*libcap-ng[^ ]*' | xargs -I{} cp {} "$KPS_IMAGE_WORK/drop/"

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=64k tmpfs "$root/dev"
for device in null zero random urandom; do : >"$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mount --bind "$KPS_IMAGE_WORK/xtables.lock" "$root/run/xtables.lock"
mount --bind "$KPS_IMAGE_WORK/configuration" "$root/etc/kube-proxy-sharp"
mount --bind "$KPS_IMAGE_WORK/drop" "$root/tmp/drop"
if [ -n "${KPS_IMAGE_FIREWALLD:-}" ]; then
  mkdir -p "$KPS_IMAGE_WORK"/{bus,firewalld} "$root/run/dbus"
  printf '%s\n' DefaultZone=public FirewallBackend=nftables CleanupOnExit=no CleanupModulesOnExit=no >"$KPS_IMAGE_WORK/firewalld/firewalld.conf"
  scripts/private-bus.sh "$KPS_IMAGE_WORK/bus/system_bus_socket" >"$KPS_IMAGE_WORK/bus.log" 2>&1 &
  export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$KPS_IMAGE_WORK/bus/system_bus_socket
  firewalld --nofork --nopid --system-config "$KPS_IMAGE_WORK/firewalld" --log-target file --log-file "$KPS_IMAGE_WORK/firewalld.log" >/dev/null 2>&1 &
  for _ in $(seq 100); do firewall-cmd --state >/dev/null 2>&1 && break; sleep 0.3; done
  mount --bind "$KPS_IMAGE_WORK/bus" "$root/run/dbus"
  mount -o remount,bind,ro "$root/run/dbus"
fi
mount -o remount,bind,ro "$root"

arguments=(--config /etc/kube-proxy-sharp/config.conf "${source[@]}"
  --hostname-override node-a --iptables-variant "$variant")
export DOTNET_EnableDiagnostics=0

# The init container may write kernel parameters ...
chroot "$root" kube-proxy-sharp run --init-only "${arguments[@]}" >"$KPS_IMAGE_WORK/init.log" 2>&1 || fail "init-only ended with $?"
[ "$(cat /proc/sys/net/netfilter/nf_conntrack_udp_timeout)" = 42 ] || fail "init-only did not set kernel parameters"

# ... the agent may not.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
chroot "$root" /bin/env true 2>/dev/null && fail "the image holds more than it needs"
: >"$KPS_IMAGE_WORK/agent.log"
env -u DBUS_SYSTEM_BUS_ADDRESS LD_LIBRARY_PATH=/tmp/drop chroot "$root" /tmp/drop/setpriv --no-new-privs --bounding-set=-all,+net_admin,+net_raw --inh-caps=-all \
  /usr/sbin/kube-proxy-sharp run "${arguments[@]}" >"$KPS_IMAGE_WORK/agent.log" 2>&1 &
agent=$!
for _ in $(seq 300); do
  grep -q 'Synced IPv4 rules (full)' "$KPS_IMAGE_WORK/agent.log" && grep -q 'Synced IPv6 rules (full)' "$KPS_IMAGE_WORK/agent.log" && break
  kill -0 "$agent" 2>/dev/null || fail "the agent ended"
  sleep 0.1
done
grep -q 'Synced IPv4 rules (full)' "$KPS_IMAGE_WORK/agent.log" || fail "no rules after 30 s"
capabilities=$(awk '$1 == "CapEff:" { print $2 }' "$root/proc/$agent/status")
[ "$capabilities" = 0000000000003000 ] || fail "the agent has capabilities $capabilities"
touch "$root/tmp/file" 2>/dev/null && fail "the file system can be written to"
if [ "$mode" = nftables ]; then
  list=(nft list table ip kube-proxy)
elif [ "$variant" = legacy ]; then
  list=(iptables-legacy-save -t nat)
else
  list=(iptables-nft-save -t nat)
fi
# Not through a pipe: grep -q leaves at the first hit, the lister dies of SIGPIPE, and pipefail calls that "no rules".
rules=$("${list[@]}") || fail "the rules in the kernel cannot be listed"
grep -q '10\.96\.0\.10' <<<"$rules" || fail "no rules in the kernel"
if [ -n "${KPS_IMAGE_FIREWALLD:-}" ]; then
  firewall-cmd --reload >/dev/null || fail "firewalld does not reload"
  for _ in $(seq 100); do grep -q 'firewalld reloaded its rules' "$KPS_IMAGE_WORK/agent.log" && break; sleep 0.1; done
  grep -q 'firewalld reloaded its rules' "$KPS_IMAGE_WORK/agent.log" || fail "the agent did not hear firewalld"
  [ -z "$(find "$root/" -xdev -name "libsystemd*")" ] || fail "the image has libsystemd"
fi
kill -TERM "$agent"
status=0
wait "$agent" || status=$?
[ "$status" -eq 143 ] || fail "the agent ended with $status"
echo "image: $mode rules written with a root file system of $size"
