#!/usr/bin/env bash
# Measures one changed endpoint in iptables mode, nft variant, in a network namespace of its own: iptables-nft-restore beside
# the messages that it sends, recorded and sent again, which is what the kernel alone has to do (the floor). Needs root and gcc.
#   bench/iptables-floor.sh [SERVICES ENDPOINTS]...     default 2000 10. A full load comes first: 20 s at 10000 10
set -euo pipefail
case "${1:-}" in -h | --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- 2000 10
source bench/capture.sh
printf '%s cores, %s, kernel %s\n' "$(nproc)" "$(iptables-nft-restore --version)" "$(uname -r)"
while [ $# -gt 0 ]; do
  printf '%s Services x %s\n' "$1" "$2"
  dotnet artifacts/bin/Bench/release/KubeProxySharp.Bench.dll iptables-batch "$1" "$2" "$capture"
  shift 2
done
