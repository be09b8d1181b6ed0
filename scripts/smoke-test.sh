#!/usr/bin/env bash
# Starts the published program as a user would: trimming can break what tests on the untrimmed build never see. As root it
# is also run as an agent, in a network namespace of its own; the host's rules are not touched.
#   scripts/smoke-test.sh PROGRAM [API_SERVER]
# API_SERVER is the built bench/FakeApiServer; with it the agent is run a second time, fed by a server with TLS.
set -euo pipefail
program=$(realpath "$1")
api_server=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
network=
children=()

clean_up() {
  for child in "${children[@]}"; do
    kill -KILL "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  done
  [ -z "$network" ] || ip netns del "$network" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

fail() { echo "smoke test: $*" >&2; exit 1; }

# Waits for at most 30 s until a command succeeds.
until_true() {
  for _ in $(seq 300); do
    if "$@"; then return 0; fi
    sleep 0.1
  done
  return 1
}

inside() { ip netns exec "$network" "$@"; }

healthz_answers() {
  # shellcheck disable=SC2016  # expanded inside
  grep -q ' 200 ' <<<"$(inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/10256 && printf "GET /healthz HTTP/1.0\r\n\r\n" >&3 && head -1 <&3' 2>/dev/null)"
}

# Not through a pipe: grep -q leaves at the first hit, the lister dies of SIGPIPE, and pipefail calls that "no rules".
has_rules() { grep -q 'dnat' <<<"$(inside nft list table ip kube-proxy 2>/dev/null)"; }

# try_agent WHAT ARGUMENT...: runs the agent until it is healthy and has written rules, and stops it as Kubernetes does.
try_agent() {
  local what=$1 agent code=0
  shift
  # No --conntrack flag may reach sysctls: those of conntrack belong to the host.
  # Not through the function: then $! would be a shell that waits for the program.
  ip netns exec "$network" "$program" run "$@" --proxy-mode nftables --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0s \
    --conntrack-tcp-timeout-close-wait 0s --oom-score-adj 0 >"$work/log" 2>&1 &
  agent=$!
  children+=("$agent")
  until_true healthz_answers || fail "$what: /healthz did not answer 200: $(cat "$work/log")"
  until_true has_rules || fail "$what: no rules: $(cat "$work/log")"
  kill -TERM "$agent"
  wait "$agent" || code=$?
  [ "$code" = 143 ] || fail "$what: SIGTERM ended it with $code, not 143: $(cat "$work/log")"
  healthz_answers && fail "$what: it goes on after SIGTERM"
  has_rules || fail "$what: its rules went away with it"
  inside nft delete table ip kube-proxy
}

version=$("$program" --version)
grep -q '^kube-proxy-sharp [0-9].*, \.NET 1[0-9]\.' <<<"$version" || fail "--version: $version"
if git rev-parse --verify --quiet HEAD >/dev/null 2>&1; then
  grep -q ', commit [0-9a-f]\{12\},' <<<"$version" || fail "--version without the commit: $version"
fi
grep -q 'Examples:' <<<"$("$program" dry-run --help)" || fail "dry-run --help"
"$program" dry-run -f examples/cluster.yaml --config examples/kube-proxy.yaml --node node-a >"$work/rules" 2>"$work/notes" \
  || fail "dry-run of examples/: $(cat "$work/notes")"
cmp "$work/rules" tests/golden/own/examples/iptables.golden || fail "dry-run of examples/ differs from its golden file"
"$program" dry-run -f - < <(printf '{"kind": ') >"$work/rules" 2>"$work/notes" && fail "broken input was taken"
[ -s "$work/rules" ] && fail "broken input printed rules"
grep -q '^stdin:1: error: is not JSON' "$work/notes" || fail "broken input: $(cat "$work/notes")"

if [ "$(id -u)" -ne 0 ] || ! command -v ip >/dev/null || ! command -v nft >/dev/null; then
  echo "smoke test: passed, without the agent, which needs root, iproute2 and nftables"
  exit 0
fi
network="kps-$$-smoke"
ip netns add "$network"
inside ip link set lo up
try_agent "run --manifests" --manifests examples/cluster.yaml --hostname-override node-a
if [ -n "$api_server" ]; then
  ip netns exec "$network" "$api_server" --services 3 --endpoints 2 --port 16443 --node node-a --kubeconfig "$work/kubeconfig" </dev/null >"$work/server" 2>&1 &
  children+=("$!")
  until_true grep -q '^control ' "$work/server" || fail "the API server did not start: $(cat "$work/server")"
  try_agent "run --kubeconfig" --kubeconfig "$work/kubeconfig" --hostname-override node-a
fi
echo "smoke test: passed"
