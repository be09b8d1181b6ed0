#!/usr/bin/env bash
# Measures what counters of connections cost in iptables mode (docs/service-counters.md), each with and without them in turns, in a
# network namespace of its own:
#   create    making the nfacct objects of all Services, one message each: milliseconds
#   load      iptables-restore of all rules: milliseconds
#   update    iptables-restore --noflush of the chain of one Service: milliseconds
#   read      a dump of all nfacct objects as netlink messages: milliseconds and bytes
#   connect   a TCP connection through one Service to an endpoint of the node, with its end: microseconds
# Needs root, iptables and python3.
#   bench/service-counters-iptables.sh [SERVICES ENDPOINTS [CONNECTIONS [TURNS]]]     default 10000 10 20000 3
set -euo pipefail
case "${1:-}" in -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
cd "$(dirname "$0")/.."
source bench/common.sh
services=${1:-10000} endpoints=${2:-10} connections=${3:-20000} turns=${4:-3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XTABLES_LOCKFILE=$folder/lock

bench/generate.sh "$services" "$endpoints" yaml > "$folder/all.yaml"
for kind in without with; do
  flags=(--nfacct=false)
  [ "$kind" = without ] || flags+=(--service-counters)
  "$program" dry-run -f "$folder/all.yaml" --mode iptables --family ipv4 "${flags[@]}" > "$folder/$kind.rules" 2> /dev/null
done

cat > "$folder/measure.py" << 'END'
import re, socket, struct, subprocess, sys, time

tool, script, connections = sys.argv[1], sys.argv[2], int(sys.argv[3])
rules = open(script).read()
kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER

def request(kind, flags, name=b""):
    body = struct.pack("=BBH", 0, 0, 0)
    if name:
        body += struct.pack("=HH", 5 + len(name), 1) + name + b"\0" * (1 + -(5 + len(name)) % 4)
    kernel.send(struct.pack("=IHHII", 16 + len(body), 7 << 8 | kind, 1 | flags, 1, 0) + body)

names = list(dict.fromkeys(re.findall("--nfacct-name  (\\S+)", rules)))
begin = time.perf_counter()
for name in names:
    request(0, 0x604, name.encode())  # NFNL_MSG_ACCT_NEW; create, exclusive, acknowledge
    assert struct.unpack_from("=i", kernel.recv(4096), 16)[0] == 0, name
create = time.perf_counter() - begin

# The first Service of the cluster has an endpoint that listens.
chain = re.search("-A KUBE-SERVICES -d 10.96.0.0/32 .* -j (\\S+)", rules)[1]
endpoint = re.search(f"-A {chain} .*-j (KUBE-SEP-\\S+)", rules)[1]
rules = re.sub(f"(-A {endpoint} .* --to-destination) \\S+", "\\1 192.0.2.201:8080", rules)
own = [line for line in rules.split("\n") if line.startswith(f"-A {chain} ")]
own = [line for line in own if "nfacct" in line] + [f"-A {chain} -j {endpoint}"]
update = f"*nat\n:{chain} - [0:0]\n" + "\n".join(own) + "\nCOMMIT\n"

def restore(text, *arguments):
    begin = time.perf_counter()
    subprocess.run([tool, *arguments], input=text.encode(), check=True)
    return time.perf_counter() - begin

load = restore(rules)
updates = sorted(restore(update, "--noflush") for _ in range(5))[2]

listener = socket.create_server(("192.0.2.201", 8080), backlog=128)
reset = struct.pack("ii", 1, 0)  # SO_LINGER: no TIME_WAIT, so ports do not run out
begin = time.perf_counter()
for _ in range(connections):
    client = socket.socket()
    client.connect(("10.96.0.0", 80))
    server, _ = listener.accept()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    client.close()
    server.close()
connect = (time.perf_counter() - begin) / connections

begin, total, done = time.perf_counter(), 0, False
request(1, 0x300)  # NFNL_MSG_ACCT_GET; a dump
while not done:
    data = kernel.recv(1 << 17)
    total += len(data)
    offset = 0
    while offset < len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        done, offset = kind == 3, offset + (length + 3 & ~3)  # NLMSG_DONE
read = time.perf_counter() - begin
print(f"{create * 1e3:.1f} {load * 1e3:.1f} {updates * 1e3:.1f} {read * 1e3:.2f} {total} {connect * 1e6:.2f}")
END

printf '%s cores, %s, kernel %s, %s Services x %s\n' "$(nproc)" "$(iptables -V)" "$(uname -r)" "$services" "$endpoints"
for variant in nft legacy; do
  for ((turn = 0; turn < turns; turn++)); do
    for kind in without with; do
      # shellcheck disable=SC2016
      unshare -n bash -c 'ip link set lo up; ip address add 192.0.2.201/32 dev lo; ip route add 10.96.0.0/32 dev lo
        exec python3 "$@"' - "$folder/measure.py" "iptables-$variant-restore" "$folder/$kind.rules" "$connections" >> "$folder/$variant-$kind"
    done
  done
  for kind in without with; do
    for column in 1 2 3 4 5 6; do
      cut -d' ' -f"$column" "$folder/$variant-$kind" | sort -n | sed -n "$(((turns + 1) / 2))p"
    done | paste -sd' ' | awk -v kind="$variant $kind" \
      '{ printf "%-15s create %s ms, load %s ms, update %s ms, read %s ms (%s bytes), connect %s us\n", kind, $1, $2, $3, $4, $5, $6 }'
  done
done
