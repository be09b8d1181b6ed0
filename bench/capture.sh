# shellcheck shell=bash
# Builds bench/Bench and the library that records the netlink batches of a tool. Read with "source", in the project's folder.
dotnet build bench/Bench -c Release --nologo -v quiet
capture=artifacts/capture-batch.so
gcc -O2 -Wall -shared -fPIC -o "$capture" bench/capture-batch.c
