#!/usr/bin/env python3
"""The traffic of ./demo.sh.

  demo_traffic.py serve NAME ADDRESS PORT           answers every connection with its name and the client's address
  demo_traffic.py dial ADDRESS PORT COUNT [SOURCE]  makes connections and prints how the answers were spread
"""
import collections
import signal
import socket
import sys

PATIENCE = 10.0  # seconds


def serve(name, address, port):
    """Answers until it is killed."""
    with socket.create_server((address, int(port)), backlog=256) as listener:
        while True:
            connection, client = listener.accept()
            with connection:
                connection.sendall(f"{name} {client[0]}\n".encode())


def dial(address, port, count, source=""):
    """Prints one line for each server that answered, and for failures."""
    answers = collections.Counter()
    sources = collections.defaultdict(set)
    for _ in range(int(count)):
        try:
            with socket.create_connection((address, int(port)), PATIENCE, (source, 0)) as connection:
                name, seen = connection.makefile().readline().split()
            answers[name] += 1
            sources[name].add(seen)
        except ConnectionRefusedError:
            answers["refused"] += 1
        except (OSError, ValueError):
            answers["no answer"] += 1
    for name, number in sorted(answers.items()):
        bar = "#" * round(40 * number / int(count))
        print(f"    {name:<9} {number:>4}  {bar:<40} {'saw ' + ', '.join(sorted(sources[name])) if name in sources else ''}")
    failed = answers["refused"] + answers["no answer"]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback
    if len(sys.argv) < 2 or sys.argv[1] not in ("serve", "dial"):
        sys.exit(__doc__)
    {"serve": serve, "dial": dial}[sys.argv[1]](*sys.argv[2:])
