#!/usr/bin/env bash
# Shows the main job: prints the rules that node-a of examples/cluster.yaml would have. Installs nothing but the .NET
# packages that the build needs, changes nothing on the machine.
set -euo pipefail
cd "$(dirname "$0")"

scripts/need-dotnet.sh
./build.sh
echo
echo '$ out/kube-proxy-sharp dry-run -f examples/cluster.yaml --config examples/kube-proxy.yaml --node node-a --family ipv4'
out/kube-proxy-sharp dry-run -f examples/cluster.yaml --config examples/kube-proxy.yaml --node node-a --family ipv4
