#!/usr/bin/env bash
# Measures passes over the conntrack table in a network namespace of its own: a pass over healthy flows beside
# "conntrack -L" into nothing, and one that deletes. Needs root.
#   bench/conntrack.sh [FLOWS STALE]     default 250000 50000; the kernel's nf_conntrack_max limits FLOWS
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- 250000 50000
dotnet build bench/Bench -c Release --nologo -v quiet
printf '%s cores, %s, kernel %s\n' "$(nproc)" "$(conntrack --version)" "$(uname -r)"
exec dotnet artifacts/bin/Bench/release/KubeProxySharp.Bench.dll conntrack "$@"
