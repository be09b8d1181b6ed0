#!/usr/bin/env bash
# Compiles every member of our assemblies natively, not only those that the program reaches today: any trim or AOT warning,
# of a package too, is an error (docs/building.md). The result is larger than the program and is not kept.
set -euo pipefail
cd "$(dirname "$0")/.."
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT

dotnet publish src/Proxy -c Release -r linux-x64 -p:PublishAot=true -p:AotGate=true -p:PublishedAs=gate-linux-x64 -p:DebugType=none \
  -o "$staging" --nologo -v quiet
