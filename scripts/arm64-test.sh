#!/usr/bin/env bash
# Builds the program for linux-arm64, puts the image for it together, and runs it there in an emulator (qemu-user): --version,
# the rules of twenty recorded cases in both modes, and explain, all of which must be what the program of this machine
# prints. The agent is not run: qemu-user does not know netfilter's netlink sockets (docs/building.md, arm64). At last it makes
# the archives of a release of both programs.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(uname -m)" = x86_64 ] || { echo "arm64: not an amd64 machine; ./test.sh tests the program of this one"; exit 0; }

scripts/install-tools.sh --arm64
./build.sh --if-needed
./build.sh --if-needed --native --rid linux-arm64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "arm64: $*" >&2; cat "$work/err" >&2; exit 1; }

here() { out/kube-proxy-sharp "$@"; }
there() { qemu-aarch64-static -L "$work/image" "$work/image/usr/sbin/kube-proxy-sharp" "$@"; }
compared=0
same() { # ARGUMENT...: both print the same, and end the same
  local code=0 expected=0
  here "$@" >"$work/here" 2>"$work/here.err" || expected=$?
  there "$@" >"$work/there" 2>"$work/err" || code=$?
  [ "$code" -eq "$expected" ] || fail "$* ended with $code instead of $expected"
  cmp "$work/here" "$work/there" || fail "$* prints something else"
  cmp "$work/here.err" "$work/err" || fail "$* tells something else"
  [ -s "$work/there" ] || fail "$* prints nothing"
  compared=$((compared + 1))
}

deploy/fetch-debian.sh arm64 "$work/debian"
size=$(deploy/assemble-rootfs.sh out/linux-arm64/kube-proxy-sharp "$work/image" "$work/debian")
[ "$(od -An -t x2 -j 18 -N 2 out/linux-arm64/kube-proxy-sharp | tr -d ' ')" = 00b7 ] || fail "not a program for arm64"
# Either program may have been built before a commit that changed nothing in it, so the commit is not compared.
version() { "$1" --version | sed 's/, commit [0-9a-f]*//'; }
[ "$(version here)" = "$(version there 2>"$work/err")" ] || fail "--version prints $(version there) instead of $(version here)"
there_is() { qemu-aarch64-static -L "$work/image" "$work/image/usr/sbin/$1" "${@:2}" >"$work/there" 2>"$work/err" || fail "$1 does not start"; }
there_is iptables-legacy --version
cases=(affinity-timeout cluster-ipv6-primary clusterip-100-endpoints default-kubernetes detect-cluster-cidr-dual dual-stack
  endpoint-conditions external-ips field-ingress-nginx-local hints-zone host-network-endpoint large-cluster loadbalancer-local
  masquerade-all mix-50-services nodeport-addresses-primary random-103 random-105 same-number-three-protocols source-ranges-mixed)
for case in "${cases[@]}"; do
  folder=tests/golden/recorded/cases/$case
  for mode in iptables nftables; do
    same dry-run -f "$folder/input" --config "$folder/config.yaml" --node node-a --mode "$mode"
  done
done
same explain -f examples/cluster.yaml --config examples/kube-proxy.yaml --node node-a --from outside --to 192.0.2.10:30443
same explain -f examples/cluster.yaml --config examples/kube-proxy.yaml --node node-a --from 10.244.1.5 --to 10.96.0.11:443 -o json

scripts/release.sh --if-needed https://releases.invalid/kube-proxy-sharp >"$work/release" 2>"$work/err" || fail "the archives of a release cannot be made"
(cd artifacts/release && sha256sum --check --quiet SHA256SUMS)
! grep -nE 'VERSION|URL_|SHA256_' artifacts/release/svcpath.yaml || fail "svcpath.yaml has a placeholder that the release did not replace"
for architecture in amd64 arm64; do
  archive=kube-proxy-sharp-linux-$architecture.tar.gz
  grep -q "sha256: $(sha256sum "artifacts/release/$archive" | cut -d' ' -f1)" artifacts/release/svcpath.yaml || fail "svcpath.yaml has no checksum of $archive"
  [ "$(tar -tzf "artifacts/release/$archive" | tr '\n' ' ')" = "kube-proxy-sharp LICENSE NOTICE " ] || fail "$archive has other files"
done
echo "arm64: passed, $compared outputs equal; image $size; archives of a release made"
