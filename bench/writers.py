#!/usr/bin/env python3
"""Many writers at once on one registry; one line of JSON: allocations per second, the slowest one.

  writers.py commands|lines WRITERS EACH DEVINIT

`commands`: a thread for each writer starts one `devinit ports get` after the other. `lines`: each writer is one `devinit ports get --batch -`,
which is asked for the next line when it has answered the last one.
"""

import json
import os
import subprocess
import sys
import threading
import time


def by_commands(devinit, writer, each, took):
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    for app in range(1, each + 1):
        begin = time.monotonic()
        argv = [devinit, "ports", "get", f"writer{writer}", str(app)]
        pid = os.posix_spawn(devinit, argv, os.environ, file_actions=quiet)
        _, status = os.waitpid(pid, 0)
        if status != 0:
            os._exit(1)
        took.append(time.monotonic() - begin)


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
    mode, writers, each, devinit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    ask = by_commands if mode == "commands" else by_lines
    took = []
    threads = [threading.Thread(target=ask, args=(devinit, writer, each, took)) for writer in range(writers)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"rate": writers * each / (time.monotonic() - begin), "slowest_ms": max(took) * 1000}))


if __name__ == "__main__":
    main()
