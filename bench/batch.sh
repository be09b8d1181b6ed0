#!/usr/bin/env bash
# Measures transactions as netlink batches in a network namespace of its own: beside "nft -f" of the same as text that is
# already written, and beside the messages that nft sends for it, recorded and sent again, which is what the kernel alone has
# to do (the floor). Needs root and gcc.
#   bench/batch.sh [SERVICES ENDPOINTS]...     default 10000 10, 44000 1, 5000 50
set -euo pipefail
case "${1:-}" in -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- 10000 10 44000 1 5000 50
source bench/capture.sh
printf '%s cores, %s, kernel %s\n' "$(nproc)" "$(nft --version)" "$(uname -r)"
while [ $# -gt 0 ]; do
  printf '%s Services x %s\n' "$1" "$2"
  dotnet artifacts/bin/Bench/release/KubeProxySharp.Bench.dll batch "$1" "$2" "$capture"
  shift 2
done
