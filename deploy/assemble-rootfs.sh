#!/usr/bin/env bash
# Puts together the root file system of the image: the program, nft, both variants of iptables, and the libraries that
# these need, taken from the machine it runs on. The Dockerfile runs it in its second stage; a test runs it without any
# container engine and starts the result with chroot.
#   deploy/assemble-rootfs.sh PROGRAM DIRECTORY
set -euo pipefail
[ "$#" -eq 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
program=$1 root=$2
export PATH="$PATH:/usr/sbin:/sbin"

install -d "$root"/{etc,proc,sys,dev,run,tmp,lib/modules,usr/sbin,usr/lib} "$root/etc/kube-proxy-sharp" "$root/var/run/secrets"
for directory in sbin bin; do ln -sfn usr/sbin "$root/$directory"; done
ln -sfn sbin "$root/usr/bin"

# Copies a file with the shared libraries it is linked against, each to where it was found.
take() { # FILE TARGET
  install -D -m 0755 "$1" "$root$2"
  { ldd "$1" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
    [ -e "$root$library" ] || install -D -m 0755 "$library" "$root$library"
  done
}
take "$program" /usr/sbin/kube-proxy-sharp
# Under this name it takes kube-proxy's command line as it is.
ln -sfn kube-proxy-sharp "$root/usr/sbin/kube-proxy"
take "$(command -v nft)" /usr/sbin/nft
for variant in nft legacy; do
  multi=xtables-$variant-multi
  take "$(command -v "$multi")" "/usr/sbin/$multi"
  for family in iptables ip6tables; do
    for tool in "" -save -restore; do
      ln -sfn "$multi" "$root/usr/sbin/$family-$variant$tool"
      [ "$variant" = nft ] && ln -sfn "$multi" "$root/usr/sbin/$family$tool"
    done
  done
done
# Matches and targets, loaded by name when a rule uses them.
extensions=$(dirname "$(find /usr/lib /lib -name 'libxt_comment.so' -print -quit)")
for extension in "$extensions"/*.so; do take "$extension" "$extension"; done
# TLS is loaded when the first connection is made.
for name in libssl.so.3 libcrypto.so.3; do
  # awk reads to the end: if it left at the first hit, ldconfig would die of SIGPIPE now and then, and the script with it.
  library=$(ldconfig -p | awk -v name="$name" '$1 == name && !found { print $NF; found = 1 }')
  [ -n "$library" ] || { echo "assemble-rootfs.sh: this machine has no $name, which TLS needs; install libssl3" >&2; exit 1; }
  take "$library" "$library"
done
for database in protocols services; do [ ! -e /etc/$database ] || install -m 0644 /etc/$database "$root/etc/$database"; done
printf 'root:x:0:0:root:/:/usr/sbin/nologin\n' >"$root/etc/passwd"
printf 'hosts: files dns\nprotocols: files\nservices: files\n' >"$root/etc/nsswitch.conf"
du -sh "$root" | cut -f 1
