#!/usr/bin/env python3
"""Many writers at once on one registry; one line of JSON: allocations per second, the slowest one.

  writers.py WRITERS EACH DEVINIT

Each writer is one `devinit ports get --batch -`, which is asked for the next line when it has answered the last one. A command for each
allocation: writers.cpp.
"""

import json
import os
import subprocess
import sys
import threading
import time


def by_lines(devinit, writer, each, took):
    with subprocess.Popen([devinit, "ports", "get", "--batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for app in range(1, each + 1):
            begin = time.monotonic()
            process.stdin.write(f"writer{writer}\t{app}\n".encode())
            process.stdin.flush()
            if b'"ports"' not in process.stdout.readline():
                os._exit(1)
            took.append(time.monotonic() - begin)
        process.stdin.close()


def main():
    writers, each, devinit = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    took = []
    threads = [threading.Thread(target=by_lines, args=(devinit, writer, each, took)) for writer in range(writers)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"rate": writers * each / (time.monotonic() - begin), "slowest_ms": max(took) * 1000}))


if __name__ == "__main__":
    main()
