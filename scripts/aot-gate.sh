#!/usr/bin/env bash
# Compiles the whole product natively for net9.0, the newest target whose native runtime pack the usual package source
# has, and starts it: proof that the code stays free of what Native AOT cannot do (docs/building.md).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v gcc >/dev/null || ! command -v ld >/dev/null; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "gcc and binutils are missing and cannot be installed without root" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc binutils libc6-dev >/dev/null
fi
dotnet publish src/Proxy -c Release -r linux-x64 -p:AotGate=true --nologo -v quiet
scripts/smoke-test.sh artifacts/aot-gate/publish/Proxy/release_linux-x64/kube-proxy-sharp
