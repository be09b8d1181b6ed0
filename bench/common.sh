# shellcheck shell=bash
# What the scripts beside it share that run the agent in a network namespace. Read with "source", in the project's folder.
[ "$(id -u)" -eq 0 ] || { echo "network namespaces need root" >&2; exit 1; }
export TZ=UTC LC_ALL=C

# What is measured: the program that the environment names, else that of ./build.sh, else one that is built now.
program=${KPS_PROGRAM:-out/kube-proxy-sharp}
if ! [ -x "$program" ]; then
  dotnet build src/Proxy -c Release --nologo -v quiet
  program=artifacts/bin/Proxy/release/kube-proxy-sharp
fi

fake_api=artifacts/bin/FakeApiServer/release/KubeProxySharp.FakeApiServer
build_fake_api() { dotnet build bench/FakeApiServer -c Release --nologo -v quiet; }

# Settings that a namespace does not let the agent write.
quiet_flags=(--oom-score-adj=0 --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0s --conntrack-tcp-timeout-close-wait=0s)

end_processes() { # PROCESS...: those that are empty are none
  for process; do
    [ -z "$process" ] || { kill "$process" && wait "$process" || true; } 2>/dev/null
  done
}

await() { # FILE TEXT COUNT: waits up to ten minutes until the file has at least that many lines with the text
  local deadline=$((SECONDS + 600)) count
  # grep says nothing of a file that is not there yet.
  while count=$(grep -c -- "$2" "$1" 2>/dev/null || true); [ "${count:-0}" -lt "$3" ]; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "no \"$2\" in time:" >&2; tail -5 "$1" >&2; exit 1
    fi
    sleep 0.02
  done
}

# Seconds of the day of the lines of a log with a text: I1120 21:39:40.123456 ...
times_of() { # FILE TEXT
  grep -- "$2" "$1" | awk '{ split($2, t, ":"); printf "%.6f\n", t[1] * 3600 + t[2] * 60 + t[3] }'
}
