#!/usr/bin/env bash
# Builds the program into out/kube-proxy-sharp, with the link kubectl-svcpath beside it.
#   ./build.sh                    native code (Native AOT) where gcc or clang is there, else as --r2r, and says so
#   ./build.sh --native           native code, or an error
#   ./build.sh --r2r              one self-contained file, trimmed and precompiled (ReadyToRun): needs no C compiler
#   ./build.sh --rid linux-arm64  for that kind of machine (or linux-x64); into out/linux-arm64, if it is another one than this
#   ./build.sh --if-needed        only if the program is older than something that it is made from
set -euo pipefail
cd "$(dirname "$0")"
usage() { sed -n '2,7s/^# \{0,1\}//p' build.sh >&2; exit 2; }

case "$(uname -m)" in aarch64) machine=linux-arm64 ;; *) machine=linux-x64 ;; esac
rid=$machine variant=any if_needed=
while [ $# -gt 0 ]; do
  case "$1" in
    --native | --r2r) variant=${1#--} ;;
    --rid) rid=${2:-}; shift ;;
    --if-needed) if_needed=yes ;;
    *) usage ;;
  esac
  shift || usage
done
case "$rid" in linux-x64) target=x86_64-linux-gnu ;; linux-arm64) target=aarch64-linux-gnu ;; *) usage ;; esac
program=out/kube-proxy-sharp compilers=(gcc clang)
[ "$rid" = "$machine" ] || program=out/$rid/kube-proxy-sharp compilers=("$target-gcc")
if [ -n "$if_needed" ] && [ -x "$program" ] &&
  [ -z "$(find src Directory.* global.json build.sh -newer "$program" -print -quit)" ]; then
  exit 0
fi

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT

# A compiler without the files of the C library cannot link.
compiler_that_links() {
  for compiler in "${compilers[@]}"; do
    echo 'int main(void) { return 0; }' | "$compiler" -x c -o "$staging/probe" - 2>/dev/null && return 0
  done
  return 1
}
if [ "$variant" != r2r ] && ! compiler_that_links; then
  packages="gcc libc6-dev"
  [ "$rid" = "$machine" ] || packages="gcc-${target/_/-} libc6-dev-$([ "$rid" = linux-arm64 ] && echo arm64 || echo amd64)-cross"
  if [ "$variant" = native ]; then
    echo "build.sh: native code needs a C compiler to link with; install one, in Debian: apt-get install $packages" >&2
    exit 1
  fi
  echo "build.sh: no C compiler to link native code with (in Debian: apt-get install $packages); building as with --r2r," \
    "which is twice as large and needs about twice the memory" >&2
  variant=r2r
fi
if [ "$variant" = r2r ]; then
  properties=(--self-contained -p:PublishSingleFile=true -p:PublishTrimmed=true -p:PublishReadyToRun=true)
else
  variant=native properties=(-p:PublishAot=true "-p:CppCompilerAndLinker=$compiler")
  [ "$rid" = "$machine" ] || properties+=("-p:ObjCopyName=$target-objcopy")
fi

dotnet publish src/Proxy -c Release -r "$rid" "${properties[@]}" "-p:PublishedAs=$variant-$rid" -p:ContinuousIntegrationBuild=true \
  -p:DebugType=none -o "$staging" --nologo -v quiet
install -D -m 0755 "$staging/kube-proxy-sharp" "$program"
ln -sfn kube-proxy-sharp "$(dirname "$program")/kubectl-svcpath" # kubectl svcpath is explain
[ "$rid" != "$machine" ] || "$program" --version
printf '%s: %s, %s, %s bytes\n' "$program" "$rid" "$variant" "$(stat -c %s "$program")"
