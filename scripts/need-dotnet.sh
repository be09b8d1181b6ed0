#!/usr/bin/env bash
# Makes sure that the .NET SDK of global.json is there; the only thing a machine must have beforehand.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v dotnet >/dev/null; then
  echo "The .NET SDK is missing. Install version $(sed -n 's/.*"version": "\(.*\)".*/\1/p' global.json): https://dotnet.microsoft.com/download" >&2
  exit 1
fi
dotnet --version >/dev/null
