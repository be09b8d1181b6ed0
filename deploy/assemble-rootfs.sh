#!/usr/bin/env bash
# Puts together the root file system of the image: the program, nft, both variants of iptables, and the libraries that
# these need, taken from the machine it runs on, or from a directory that deploy/fetch-debian.sh made. A test runs it
# without any container engine and starts the result with chroot.
#   deploy/assemble-rootfs.sh PROGRAM DIRECTORY [DEBIAN]
set -euo pipefail
case "$#" in 2 | 3) ;; *) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
program=$1 root=$2 from=${3:-}
notice=$(dirname "$0")/../NOTICE
command -v readelf >/dev/null || { echo "assemble-rootfs.sh: readelf is missing; install binutils" >&2; exit 1; }

machine=$(LC_ALL=C readelf -h "$program" | sed -n 's/.*Machine: *//p')
case "$machine" in
  *X86-64*) kind=x86_64-linux-gnu ;;
  AArch64) kind=aarch64-linux-gnu ;;
  *) echo "assemble-rootfs.sh: $program is for $machine; known are amd64 and arm64" >&2; exit 1 ;;
esac

install -d "$root"/{etc,proc,sys,dev,run,tmp,lib/modules,usr/sbin,usr/lib} "$root/etc/kube-proxy-sharp" "$root/var/run/secrets"
for directory in sbin bin; do ln -sfn usr/sbin "$root/$directory"; done
ln -sfn sbin "$root/usr/bin"

find_in() { # NAME DIRECTORY...: the path of a file, in the place that is copied from
  local name=$1 directory
  shift
  for directory; do
    [ ! -e "$from$directory/$name" ] || { echo "$directory/$name"; return; }
  done
  echo "assemble-rootfs.sh: ${from:-this machine} has no $name" >&2
  return 1
}
tool() { find_in "$1" /usr/sbin /sbin /usr/bin /bin; }
library() { find_in "$1" "/lib/$kind" "/usr/lib/$kind" /lib64 /lib /usr/lib; }

# Copies a file with the shared libraries it is linked against, and theirs, each to where it was found. Not with ldd, which
# runs what it looks at: it may be for another machine.
take() { # FILE TARGET
  [ ! -e "$root$2" ] || return 0
  install -D -m 0755 "$1" "$root$2"
  local needed path
  for needed in $(LC_ALL=C readelf -ld "$1" 2>/dev/null | sed -n -e 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' -e 's/.*program interpreter: \(.*\)\].*/\1/p'); do
    case "$needed" in /*) path=$needed ;; *) path=$(library "$needed") ;; esac
    take "$from$path" "$path"
  done
}
take "$program" /usr/sbin/kube-proxy-sharp
# Under this name it takes kube-proxy's command line as it is.
ln -sfn kube-proxy-sharp "$root/usr/sbin/kube-proxy"
take "$from$(tool nft)" /usr/sbin/nft
for variant in nft legacy; do
  multi=xtables-$variant-multi
  take "$from$(tool "$multi")" "/usr/sbin/$multi"
  for family in iptables ip6tables; do
    for tool in "" -save -restore; do
      ln -sfn "$multi" "$root/usr/sbin/$family-$variant$tool"
      [ "$variant" = nft ] && ln -sfn "$multi" "$root/usr/sbin/$family$tool"
    done
  done
done
# Matches and targets, loaded by name when a rule uses them.
extensions=/usr/lib/$kind/xtables
[ -e "$from$extensions/libxt_comment.so" ] || { echo "assemble-rootfs.sh: ${from:-this machine} has no $extensions; install iptables" >&2; exit 1; }
for extension in "$from$extensions"/*.so; do take "$extension" "${extension#"$from"}"; done
# OpenSSL is loaded by name too, for TLS and for the names of chains.
for name in libssl.so.3 libcrypto.so.3; do
  path=$(library "$name")
  take "$from$path" "$path"
done
for database in protocols services; do [ ! -e "$from/etc/$database" ] || install -m 0644 "$from/etc/$database" "$root/etc/$database"; done
install -D -m 0644 "$notice" "$root/usr/share/doc/kube-proxy-sharp/NOTICE"
printf 'root:x:0:0:root:/:/usr/sbin/nologin\n' >"$root/etc/passwd"
printf 'hosts: files dns\nprotocols: files\nservices: files\n' >"$root/etc/nsswitch.conf"
du -sh "$root" | cut -f 1
