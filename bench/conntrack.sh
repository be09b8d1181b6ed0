#!/usr/bin/env bash
# Measures the work on the conntrack table in network namespaces of its own, with precompiled code as in the program that
# ./build.sh makes. Needs root.
#   bench/conntrack.sh [FLOWS STALE]     default 250000 50000; the kernel's nf_conntrack_max limits FLOWS
#   passes    over healthy flows beside "conntrack -L" into nothing, and one that deletes STALE flows
#   agent     STALE flows become stale under the running agent: how long they take, and what changes of other Services wait
# The agent is out/kube-proxy-sharp if ./build.sh made it, else it is built.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- 250000 50000
limit=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
[ "$1" -le "$limit" ] || { echo "nf_conntrack_max is $limit; give fewer flows, or raise it" >&2; exit 1; }
program=$PWD/out/kube-proxy-sharp
if ! [ -x "$program" ]; then
  dotnet build src/Proxy -c Release --nologo -v quiet
  program=$PWD/artifacts/bin/Proxy/release/kube-proxy-sharp
fi
dotnet build bench/FakeApiServer -c Release --nologo -v quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet publish bench/Bench -c Release -r linux-x64 --self-contained -p:PublishReadyToRun=true -p:TieredCompilation=false \
  -p:DebugType=none -o "$work" --nologo -v quiet
printf '%s cores, %s, kernel %s, %s\n' "$(nproc)" "$(conntrack --version)" "$(uname -r)" "$program"
"$work/KubeProxySharp.Bench" conntrack "$@"
"$work/KubeProxySharp.Bench" clean-up "$program" "$PWD/artifacts/bin/FakeApiServer/release/KubeProxySharp.FakeApiServer" "$2"
