#!/usr/bin/env bash
# Installs what the build and the tests run, by the names of Debian's packages. Without root it only says what is missing:
# the program is then built without a C compiler, and the tests that need something are skipped with a reason.
#   scripts/install-tools.sh          what test.sh and demo.sh need
#   scripts/install-tools.sh --arm64  what scripts/arm64-test.sh needs, too: compiler and emulator for linux-arm64
set -euo pipefail

# command:package, or file:package
wanted=(
  gcc:gcc ld:binutils /usr/include/stdlib.h:libc6-dev
  iptables-nft:iptables iptables-legacy:iptables nft:nftables ip:iproute2 conntrack:conntrack nfacct:nfacct ipset:ipset python3:python3
  curl:curl dbus-daemon:dbus-daemon firewalld:firewalld setpriv:util-linux unshare:util-linux
  chromium:chromium /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf:fonts-dejavu-core
)
case "${1:-}" in
  "") ;;
  --arm64)
    wanted+=(
      aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu aarch64-linux-gnu-objcopy:binutils-aarch64-linux-gnu
      /usr/aarch64-linux-gnu/lib/crt1.o:libc6-dev-arm64-cross qemu-aarch64-static:qemu-user-static
    ) ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
missing=()
for entry in "${wanted[@]}"; do
  [[ $entry == /* && -e ${entry%%:*} ]] || PATH="$PATH:/usr/sbin:/sbin" command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
done
[ "${#missing[@]}" -eq 0 ] && exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing, and not installed without root and apt-get: ${missing[*]}" >&2
  exit 0
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
