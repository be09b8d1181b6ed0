#!/usr/bin/env bash
# Measures what counters in the maps of frontends cost the kernel (docs/service-counters.md), each with and without them in turns,
# in a network namespace of its own:
#   load      nft -f of the whole table: milliseconds
#   connect   a TCP connection through one Service to an endpoint of the node, with its end: microseconds
#   read      a dump of the map service-ips as netlink messages: milliseconds and bytes
# Needs root, nft and python3.
#   bench/service-counters.sh [SERVICES ENDPOINTS [CONNECTIONS [TURNS]]]     default 10000 10 20000 5
set -euo pipefail
case "${1:-}" in -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
cd "$(dirname "$0")/.."
source bench/common.sh
services=${1:-10000} endpoints=${2:-10} connections=${3:-20000} turns=${4:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

bench/generate.sh "$services" "$endpoints" yaml > "$folder/all.yaml"
"$program" dry-run -f "$folder/all.yaml" --mode nftables --family ipv4 > "$folder/without.nft" 2> /dev/null
# The declarations are all that differs; tests/Renderers.Nftables.Tests/ServiceCountersTests.cs checks that.
sed -E 's/^(map (service-ips|service-nodeports|no-endpoint-services|no-endpoint-nodeports) .*: verdict;)/\1 counter;/' \
  "$folder/without.nft" > "$folder/with.nft"
[ "$(grep -c ' counter;' "$folder/with.nft")" -eq 4 ] || { echo "the table has other declarations than this script expects" >&2; exit 1; }

# One cluster IP, and an endpoint that listens: the Service bench/local is loaded beside the others.
cat > "$folder/local.nft" << 'END'
add element ip kube-proxy service-ips { 192.0.2.200 . tcp . 80 : goto cluster-1 }
add element ip kube-proxy tcp-endpoints { 192.0.2.200 . 80 . 0 : 192.0.2.201 . 8080 }
END

cat > "$folder/measure.py" << 'END'
import socket, struct, subprocess, sys, time

script, local, connections = sys.argv[1], sys.argv[2], int(sys.argv[3])
begin = time.perf_counter()
subprocess.run(["nft", "-f", script], check=True)
load = time.perf_counter() - begin
subprocess.run(["nft", "-f", local], check=True)

listener = socket.create_server(("192.0.2.201", 8080), backlog=128)
reset = struct.pack("ii", 1, 0)  # SO_LINGER: no TIME_WAIT, so ports do not run out
begin = time.perf_counter()
for _ in range(connections):
    client = socket.socket()
    client.connect(("192.0.2.200", 80))
    server, _ = listener.accept()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    client.close()
    server.close()
connect = (time.perf_counter() - begin) / connections

def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)

netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
body = struct.pack("=BBH", 2, 0, 0) + attribute(1, b"kube-proxy\0") + attribute(2, b"service-ips\0")
request = struct.pack("=IHHII", 16 + len(body), 10 << 8 | 13, 0x301, 1, 0) + body  # NFT_MSG_GETSETELEM, NLM_F_DUMP
begin, total, done = time.perf_counter(), 0, False
netlink.send(request)
while not done:
    data = netlink.recv(1 << 17)
    total += len(data)
    offset = 0
    while offset < len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        done, offset = kind == 3, offset + (length + 3 & ~3)  # NLMSG_DONE
read = time.perf_counter() - begin
print(f"{load * 1e3:.1f} {connect * 1e6:.2f} {read * 1e3:.2f} {total}")
END

printf '%s cores, %s, kernel %s, %s Services x %s\n' "$(nproc)" "$(nft --version)" "$(uname -r)" "$services" "$endpoints"
for ((turn = 0; turn < turns; turn++)); do
  for kind in without with; do
    # shellcheck disable=SC2016
    unshare -n bash -c 'ip link set lo up; ip address add 192.0.2.201/32 dev lo; ip route add 192.0.2.200/32 dev lo
      exec python3 "$@"' - "$folder/measure.py" "$folder/$kind.nft" "$folder/local.nft" "$connections" >> "$folder/$kind"
  done
done
for kind in without with; do
  for column in 1 2 3 4; do
    cut -d' ' -f"$column" "$folder/$kind" | sort -n | sed -n "$(((turns + 1) / 2))p"
  done | paste -sd' ' | awk -v kind="$kind" '{ printf "%-8s load %s ms, connect %s us, read %s ms, %s bytes\n", kind, $1, $2, $3, $4 }'
done
