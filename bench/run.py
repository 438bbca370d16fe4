#!/usr/bin/env python3
"""Measures devinit beside bare floors and beside whatever peers are in PATH; prints Markdown tables: median (min-max).

Peers take turns, run by run, so that the drift of a machine hits all alike. Every figure is of whole processes, taken with the monotonic clock
from just before the fork; services report the clock right after listen(2), ends are seen through pidfds: nothing is polled.

  cmake --preset release -DDEVINIT_BENCH=ON && cmake --build build/release
  bench/run.py --build build/release all
"""

import argparse
import ctypes
import platform
import shutil
import sys
from pathlib import Path

import cost
import lifecycle
import registry
import supervision
from harness import Calm

CASES = {"cold-start": cost.cold_start, "status": cost.status, "start-stop": lifecycle.start_stop, "restart": lifecycle.restart,
         "readiness": lifecycle.readiness, "idle": cost.idle, "logs": cost.logs, "port-search": cost.port_search, "orphans": lifecycle.orphans,
         "allocate": registry.allocate, "ports-get": registry.get, "ports-batch": registry.batch, "ports-writers": registry.writers,
         "ports-list": registry.listing, "ports-whose": registry.whose, "scaffold": registry.scaffold,
         "graph": supervision.graph, "thousand": supervision.thousand, "crash": supervision.crash, "watch": supervision.watch,
         "wait": supervision.wait, "probes": supervision.probes, "load": supervision.load}
PR_SET_CHILD_SUBREAPER = 36


def numbers(text):
    return [int(word) for word in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=[*CASES, "all"])
    parser.add_argument("--build", type=Path, required=True, help="build folder, configured with -DDEVINIT_BENCH=ON")
    parser.add_argument("--devinit", help="the program to measure (default: the one in the build folder)")
    parser.add_argument("--peers", type=lambda text: text.split(","), help="only these (beginnings of names), e.g. floor,devinit")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--command-runs", type=int, default=101, help="runs of each short command")
    parser.add_argument("--n", type=numbers, default=[2, 10, 50, 100], help="numbers of services for start-stop")
    parser.add_argument("--peer-max", type=int, default=10, help="the slow peers (node, Ruby) get no more services than this")
    parser.add_argument("--seconds", type=int, default=10, help="length of idle and logs")
    parser.add_argument("--rate", type=int, default=10000, help="lines per second for logs")
    parser.add_argument("--calm", type=float, default=120, help="seconds to wait, in all, for others to leave the processors alone")
    options = parser.parse_args()
    options.programs = (options.build / "bench").resolve()
    options.devinit = str(Path(options.devinit or options.build / "devinit").resolve())
    for needed in (options.devinit, options.programs / "bench_listener"):
        if not Path(needed).exists():
            sys.exit(f"bench: {needed} is missing; build with -DDEVINIT_BENCH=ON")
    options.calm = Calm(options.calm)
    return options


def main():
    options = parse()
    # Daemons of a run become our children: nothing escapes the clean-up.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    memory = int(Path("/proc/meminfo").read_text().split()[1]) >> 20
    print(f"{platform.platform()}, {shutil.os.cpu_count()} processors, {memory} GiB")
    for name, case in CASES.items():
        if options.case in (name, "all"):
            case(options)


if __name__ == "__main__":
    main()
