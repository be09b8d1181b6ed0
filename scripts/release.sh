#!/usr/bin/env bash
# Makes what a release offers, in artifacts/release: an archive of the program for amd64 and one for arm64, SHA256SUMS, and
# svcpath.yaml, the krew manifest of deploy/krew with the version, addresses and checksums of these archives.
#   scripts/release.sh [--if-needed] URL
# URL is the address of the folder that the archives will be in. The version is that of Directory.Build.props. With --if-needed
# programs are built only if they are older than their sources, as ./build.sh --if-needed does: for tests.
set -euo pipefail
cd "$(dirname "$0")/.."
if_needed=()
[ "${1:-}" != --if-needed ] || { if_needed=(--if-needed); shift; }
[[ $# -eq 1 && $1 =~ ^https://[^[:space:]]+$ ]] || { sed -n '4,6s/^# \{0,1\}//p' scripts/release.sh >&2; exit 2; }
version=v$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props) address=${1%/} folder=artifacts/release

case "$(uname -m)" in aarch64) machine=arm64 ;; *) machine=amd64 ;; esac
rm -rf "$folder"
mkdir -p "$folder"
manifest=$(sed "s/VERSION # vX\.Y\.Z/$version/; /^# A release replaces/d" deploy/krew/svcpath.yaml)
for architecture in amd64 arm64; do
  rid=linux-${architecture/amd64/x64}
  ./build.sh "${if_needed[@]}" --native --rid "$rid" >&2
  programs=out/$rid
  [ "$architecture" != "$machine" ] || programs=out
  archive=kube-proxy-sharp-linux-$architecture.tar.gz
  # Equal inputs give equal archives: no time, owner, mode or order of their own.
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=u=rwX,go=rX -cf - -C "$programs" kube-proxy-sharp -C "$PWD" LICENSE NOTICE |
    gzip -n >"$folder/$archive"
  sum=$(sha256sum "$folder/$archive" | cut -d' ' -f1)
  upper=${architecture^^}
  manifest=${manifest//URL_LINUX_$upper/"$address/$archive"}
  manifest=${manifest//SHA256_LINUX_$upper/$sum}
done
printf '%s\n' "$manifest" >"$folder/svcpath.yaml"
(cd "$folder" && sha256sum -- *.tar.gz *.yaml >SHA256SUMS)
printf '%s\n' "$folder"/*
