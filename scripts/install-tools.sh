#!/usr/bin/env bash
# Installs the tools that tests run, by the names of their Debian packages. Without root it only says what is missing:
# the tests that need it are then skipped with a reason.
set -euo pipefail

# command:package
wanted=(
  iptables-nft:iptables iptables-legacy:iptables nft:nftables ip:iproute2 conntrack:conntrack nfacct:nfacct python3:python3
  curl:curl dbus-daemon:dbus-daemon firewalld:firewalld setpriv:util-linux unshare:util-linux
)
missing=()
for entry in "${wanted[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
done
[ "${#missing[@]}" -eq 0 ] && exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing, and not installed without root and apt-get: ${missing[*]}" >&2
  exit 0
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
