#!/usr/bin/env bash
# Measures nftables syncs with the real nft, in a network namespace of its own: a full sync beside "nft -f" of the same
# script already written (the floor), and the sync after one endpoint was replaced. Needs root.
#   bench/nftables.sh [SERVICES ENDPOINTS]...     default 1000 10, 10000 10, 44000 1, 5000 50
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- 1000 10 10000 10 44000 1 5000 50
dotnet build bench/Bench -c Release --nologo -v quiet
printf '%s cores, %s, kernel %s\n' "$(nproc)" "$(nft --version)" "$(uname -r)"
exec dotnet artifacts/bin/Bench/release/KubeProxySharp.Bench.dll nftables "$@"
