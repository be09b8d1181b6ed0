#!/usr/bin/env bash
# Fetches what the image takes from Debian 12, for amd64 or arm64, and unpacks it into a directory. The packages of the
# machine it runs on are neither used nor changed; no root is needed. deploy/assemble-rootfs.sh makes the image from it.
#   deploy/fetch-debian.sh ARCHITECTURE DIRECTORY
set -euo pipefail
[ "$#" -eq 2 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 2; }
architecture=$1 root=$2
apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT

mkdir -p "$root" "$apt"/{lists,cache/archives}/partial
: >"$apt/status"
key=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
cat >"$apt/sources.list" <<SOURCES
deb [$key] http://deb.debian.org/debian bookworm main
deb [$key] http://deb.debian.org/debian-security bookworm-security main
SOURCES
options=(-qq -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o "APT::Sandbox::User="
  -o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
  -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/nonexistent)
apt-get "${options[@]}" update
apt-get "${options[@]}" install --yes --no-install-recommends --download-only iptables nftables libssl3 netbase >/dev/null
for package in "$apt"/cache/archives/*.deb; do dpkg-deb --extract "$package" "$root"; done
