#!/usr/bin/env bash
# Builds the program into out/kube-proxy-sharp.
#   ./build.sh              one self-contained file for linux-x64, trimmed and precompiled (ReadyToRun)
#   ./build.sh --if-needed  the same, unless out/kube-proxy-sharp is newer than all that it is made from
#   ./build.sh --aot        the same as native code (Native AOT); needs a package source that has the native runtime pack
#                           for .NET 10 (Microsoft.NETCore.App.Runtime.NativeAOT.linux-x64) and gcc
set -euo pipefail
cd "$(dirname "$0")"

needed() { [ ! -x out/kube-proxy-sharp ] || [ -n "$(find src Directory.* global.json build.sh -newer out/kube-proxy-sharp -print -quit)" ]; }

case "${1:-}" in
  --if-needed) needed || exit 0 ;;&
  ""|--if-needed) variant=(--self-contained -p:PublishSingleFile=true -p:PublishTrimmed=true -p:PublishReadyToRun=true) ;;
  --aot) variant=(-p:PublishAot=true -p:RestorePackagesWithLockFile=false) ;;
  *) sed -n '2,6s/^# \{0,1\}//p' build.sh; exit 2 ;;
esac

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
dotnet publish src/Proxy -c Release -r linux-x64 "${variant[@]}" -p:ContinuousIntegrationBuild=true \
  -p:DebugType=none -o "$staging" --nologo -v quiet
mkdir -p out
install -m 0755 "$staging/kube-proxy-sharp" out/kube-proxy-sharp
printf 'out/kube-proxy-sharp: %s, %s bytes\n' "$(out/kube-proxy-sharp --version)" "$(stat -c %s out/kube-proxy-sharp)"
