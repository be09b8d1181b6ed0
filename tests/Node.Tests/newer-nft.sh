#!/usr/bin/env bash
# Tries our nftables scripts with newer versions of nft than that of this machine. Not part of ./test.sh: it downloads a
# small Debian (about 300 MB on disk) for each version. Needs root and a Debian mirror; the host's rules are not touched.
#   tests/Node.Tests/newer-nft.sh [--mirror URL] [--keep DIR] [SUITE]...
#     SUITE         Debian suites whose nft is tried; default: trixie sid
#     --mirror URL  where to bootstrap from; default: the mirrors that this machine's apt uses, then deb.debian.org
#     --keep DIR    leave the bootstrapped folders in DIR, and use those that are there; default: removed at the end
#
# What is tried: the script of every recorded case, and in every recorded sequence the update (--diff-from) on top of the
# script of the step before, for both families, as "dry-run --mode nftables" prints them. What is counted:
#   loaded      nft takes the script, and after an update the deletion of the chains it left
#   same rules  this machine's nft sees the very table that it makes of the same input itself
#   listed      "nft -j list table" tells that table
#   reloaded    what "nft list table" prints loads again and gives that table
#   deleted     "nft delete table" leaves nothing
# Then the tests that compare netlink batches with text (NftablesBatchTests) run with each nft in the place of this machine's.
# Exit codes: 0 everything held; 1 something did not, and is told; 2 it could not be tried.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() { sed -n '2,18s/^# \{0,1\}//p' tests/Node.Tests/newer-nft.sh; }
give_up() { echo "newer-nft.sh: $*" >&2; exit 2; }

mirror='' keep='' suites=()
invoked_from=$OLDPWD
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --mirror | --keep)
      [ -n "${2:-}" ] || give_up "$1 needs a value"
      if [ "$1" = --mirror ]; then mirror=$2; else keep=$2; fi
      shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) suites+=("$1"); shift ;;
  esac
done
[ "${#suites[@]}" -gt 0 ] || suites=(trixie sid)
[ "$(id -u)" -eq 0 ] || give_up "needs root, for debootstrap and a network namespace"
scripts/need-dotnet.sh
scripts/install-tools.sh
for tool in nft python3 unshare; do
  command -v "$tool" >/dev/null || give_up "$tool is missing"
done
unshare --net true || give_up "this machine lets nobody make a network namespace"
if ! command -v debootstrap >/dev/null; then
  echo "installing: debootstrap"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap; } >/dev/null \
    || give_up "debootstrap is missing and apt-get cannot install it"
fi

work=$(mktemp -d /tmp/newer-nft.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
roots=$work
if [ -n "$keep" ]; then
  roots=$(cd "$invoked_from" && mkdir -p "$keep" && cd "$keep" && pwd)
fi

# The mirrors of Debian itself in apt's sources, in both formats, without those of other vendors and of security updates.
mirrors() {
  if [ -n "$mirror" ]; then
    echo "$mirror"
    return
  fi
  {
    find /etc/apt -name '*.sources' -exec sed -n 's/^URIs: *//p' {} +
    find /etc/apt -name '*.list' -exec sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p' {} +
    echo http://deb.debian.org/debian
  } | tr ' ' '\n' | sed 's,/*$,,' | grep -E '^https?://.*/debian$' | awk '!seen[$0]++'
}

# A whole Debian of a suite in $roots/SUITE. What debootstrap mounts goes with the mount namespace, however it ends; the
# folder gets its name last, so that one with the name is whole. netbase has /etc/protocols, without which nft lists the
# numbers of protocols.
bootstrap() {
  local suite=$1 from root
  if [ -e "$roots/$suite" ]; then
    [ -x "$roots/$suite/usr/sbin/nft" ] && [ -e "$roots/$suite/etc/protocols" ] && return
    echo "$roots/$suite is there, but is not a Debian with the packages nftables and netbase" >&2
    return 1
  fi
  for from in "${candidates[@]}"; do
    echo "bootstrapping $suite from $from"
    root=$roots/$suite.partial
    rm -rf --one-file-system "$root"
    if unshare --mount --propagation private debootstrap --variant=minbase --include=nftables,netbase "$suite" "$root" "$from" \
      >"$work/log" 2>&1; then
      mv "$root" "$roots/$suite"
      return
    fi
    echo "  failed: $(grep -E '^(E|W):' "$work/log" | tail -n 1 || tail -n 1 "$work/log")" >&2
    rm -rf --one-file-system "$root"
  done
  return 1
}

mapfile -t candidates < <(mirrors)
ready=() missing=()
for suite in "${suites[@]}"; do
  if bootstrap "$suite"; then ready+=("$roots/$suite"); else missing+=("$suite"); fi
done
[ "${#ready[@]}" -gt 0 ] || give_up "cannot bootstrap ${missing[*]} from ${candidates[*]}; give --mirror URL, or --keep DIR with folders made elsewhere"

dotnet build src/Proxy -c Release --nologo -v quiet
status=0
unshare --net python3 tests/Node.Tests/newer_nft.py artifacts/bin/Proxy/release/kube-proxy-sharp.dll tests/golden/recorded "${ready[@]}" \
  || status=$?
for root in "${ready[@]}"; do
  nft=$work/nft-${root##*/}
  printf '#!/bin/sh\nexec chroot %s nft "$@"\n' "$root" >"$nft"
  chmod +x "$nft"
  echo "netlink batches, with $("$nft" --version)"
  KPS_NFT=$nft REQUIRE_NETNS=1 dotnet test tests/Node.Tests -c Release --nologo -v quiet --filter FullyQualifiedName~NftablesBatchTests \
    || status=1
done
[ "${#missing[@]}" -eq 0 ] || give_up "not tried: ${missing[*]}, which could not be bootstrapped"
exit "$status"
