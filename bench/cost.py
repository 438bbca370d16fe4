"""What short commands cost, and what a supervisor costs while nothing, or much, happens."""

import os
import re
import subprocess
import time

from harness import Table, Playground, cell, cpu_ns, ms, now, pss_kib, run, wake_ups
from launchers import Devinit, peers
from lifecycle import Running, trivial


def timed_commands(table, commands, options):
    samples = {name: [] for name, _, _ in commands}
    for _ in range(options.command_runs):
        for name, argv, place in commands:
            took, _ = run(argv, place)
            samples[name].append(ms(took))
    for name, _, _ in commands:
        table.row(name, cell(samples[name], 2), len(samples[name]))


def cold_start(options):
    table = Table("cold-start: whole commands", ["command", "wall ms", "runs"])
    commands = [("static hello", [str(options.programs / "bench_hello")], None), ("/bin/true", ["/bin/true"], None),
                ("devinit version", [options.devinit, "version"], None), ("devinit --help", [options.devinit, "--help"], None)]
    with Playground(options.programs, 1) as place:
        for launcher in peers(options.devinit, options.peers)[2:]:
            word = "version" if launcher.name in ("overmind", "foreman") else "--version"
            commands.append((f"{launcher.name} {word}", [launcher.program, word], place))
        options.calm.wait()
        timed_commands(table, commands, options)
    table.show(options.calm)


def status(options):
    table = Table("status", ["command", "wall ms", "runs"])
    commands, places = [], []
    for count in (2, 10, 100):
        place = Playground(options.programs, count)
        places.append(place)
        Running(place, Devinit(options.devinit), trivial(place))
        commands.append((f"devinit status, {count} services", [options.devinit, "status"], place))
        commands.append((f"devinit status --json, {count} services", [options.devinit, "status", "--json"], place))
    options.calm.wait()
    timed_commands(table, commands, options)
    for place in places:
        Devinit(options.devinit).stop(place, 0)
        place.close()
    table.show(options.calm)


def idle(options):
    seconds = options.seconds
    table = Table(f"idle: 10 services, {seconds} s in which nothing happens",
                  ["launcher", "own processes", "PSS MB", "wake-ups/s", "CPU ms"])
    for launcher in peers(options.devinit, options.peers):
        options.calm.wait()
        with Playground(options.programs, 10) as place:
            running = Running(place, launcher, trivial(place))
            time.sleep(10)  # what a start leaves behind (timers, caches of an interpreter) is over by then
            own = running.own_pids()
            wakes, cpu = sum(map(wake_ups, own)), sum(map(cpu_ns, own))
            time.sleep(seconds)
            wakes, cpu = sum(map(wake_ups, own)) - wakes, sum(map(cpu_ns, own)) - cpu
            table.row(launcher.name, len(own), f"{sum(map(pss_kib, own)) / 1024:.1f}", f"{wakes / seconds:.1f}", f"{ms(cpu):.2f}")
            running.stop()
    table.show(options.calm)


def logs(options):
    seconds, rate = options.seconds, options.rate
    table = Table(f"logs: one service writes {rate} lines/s for {seconds} s",
                  ["launcher", "supervisor, % of a core", "its other processes, %", "lines lost, torn or out of order", "runs"])
    samples = {}
    for _ in range(max(1, options.runs // 3)):
        for launcher in peers(options.devinit, options.peers):
            options.calm.wait()
            with Playground(options.programs, 1) as place:
                one_logs(place, launcher, rate, seconds, samples.setdefault(launcher.name, ([], [], [])))
    for name, (main, others, wrong) in samples.items():
        table.row(name, cell(main, 2), cell(others, 2), "–" if name.startswith("floor") else max(wrong), len(main))
    table.show(options.calm)


def one_logs(place, launcher, rate, seconds, into):
    writer = [[str(place.programs / "bench_log_writer"), "{port}", str(rate), str(seconds)]]
    output = place.folder / "output"
    running = Running(place, launcher, writer, output)
    time.sleep(0.5)
    own = running.own_pids()
    before = {pid: cpu_ns(pid) for pid in own}
    begin = now()
    place.reports.take(1, timeout=seconds + 10)
    time.sleep(0.1)
    span = now() - begin
    used = {pid: cpu_ns(pid) - before[pid] for pid in own}
    guards = [pid for pid in own if b"svguard" in open(f"/proc/{pid}/cmdline", "rb").read()]
    main = sum(used[pid] for pid in own if pid not in guards)
    into[0].append(100 * main / span)
    into[1].append(100 * sum(used[pid] for pid in guards) / span)
    running.stop()
    files = [output, *place.project.glob(".devinit/logs/*"), *place.folder.glob("pm2/logs/*out*.log")]
    into[2].append(wrong_lines(files, rate * seconds))


def wrong_lines(files, expected):
    """How many of the numbered lines are missing, torn or not where they belong, over rotated files, too."""
    numbers = []
    for file in sorted(files, key=lambda one: str(one), reverse=True):
        if file.exists():
            numbers += [int(number) for number in re.findall(rb"line (\d{9}) \.{50,}\r?\n", file.read_bytes())]
    return expected - sum(1 for i, number in enumerate(numbers) if number == i)


def port_search(options):
    table = Table("port-search: the first free of 100 ports, 99 taken", ["search", "median, us (of each run)", "runs"])
    samples = {}
    for _ in range(options.runs):
        options.calm.wait()
        told = subprocess.run([str(options.programs / "bench_port_search")], capture_output=True, text=True, check=True)
        for line in told.stdout.splitlines():
            name, value = re.match(r"(.+?)\s+([\d.]+)", line).groups()
            samples.setdefault(name, []).append(float(value))
    for name, values in samples.items():
        table.row(name, cell(values, 2), len(values))
    table.show(options.calm)
