#!/usr/bin/env bash
# Measures what counting the connections of Services costs in nftables mode (docs/service-counters.md), in a network namespace of
# its own: a full transaction and a TCP connection through one Service with and without it, in turns; one rule that counts; and a
# reading of the counters of 300 and of all Services. Needs root, nft and ip.
#   bench/service-counters.sh [SERVICES ENDPOINTS [CONNECTIONS]]     default 10000 10 5000
set -euo pipefail
case "${1:-}" in -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "network namespaces need root" >&2; exit 1; }
services=${1:-10000} endpoints=${2:-10} connections=${3:-5000}
dotnet build bench/Bench -c Release --nologo -v quiet
printf '%s cores, %s, kernel %s, %s Services x %s\n' "$(nproc)" "$(nft --version)" "$(uname -r)" "$services" "$endpoints"
exec dotnet artifacts/bin/Bench/release/KubeProxySharp.Bench.dll counters "$services" "$endpoints" "$connections"
