#!/usr/bin/env bash
# Runs a command with root rights over nothing but a network of its own: a user namespace. No rights are needed where the
# kernel allows it. What is below /run is empty for the command.
#   scripts/rootless.sh COMMAND [ARGUMENT...]
set -euo pipefail
[ "$#" -gt 0 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 2; }
namespaces=(--user --map-root-user --net --mount --propagation private)

if ! why=$(unshare "${namespaces[@]}" true 2>&1); then
  echo "The network lab needs root, or user namespaces, and this kernel does not let $(id -un) make one: $why" >&2
  echo "Look at sysctl user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns, or run it as root." >&2
  exit 1
fi
# The command that ip and iptables make files for finds a /run that is its own.
# shellcheck disable=SC2016
exec unshare "${namespaces[@]}" sh -c 'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && ip link set lo up && exec "$@"' sh "$@"
