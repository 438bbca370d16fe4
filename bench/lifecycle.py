"""Start, stop, restart, readiness, survivors."""

import os
import signal
import subprocess
import time

from harness import (FolderWatch, Table, Playground, cell, ms, now, open_pidfds, read_json, reap, wait_for_ends)
from launchers import Devinit, peers


class Running:
    """N trivial services under one launcher. `began`: the clock just before the fork of the start command."""

    def __init__(self, place, launcher, commands, output=os.devnull):
        self.place, self.launcher = place, launcher
        launcher.configure(place, commands)
        self.start(output)

    def start(self, output=os.devnull):
        self.place.reports.drop_all()
        self.began = now()
        self.main_pid = self.place.spawn(self.launcher.start_argv(self.place), str(output))
        self.services = self.place.reports.take(len(self.place.ports))
        self.returned, self.code = None, 0
        if self.launcher.daemonises:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.main_pid, 0)[1])
            self.returned = now()

    def until_all_listen(self):
        return max(clock for _, clock in self.services.values()) - self.began

    def own_pids(self):
        """The launcher's processes: what carries the tag and is no service."""
        services = {pid for pid, _ in self.services.values()}
        return [pid for pid in self.place.tagged() if pid not in services]

    def stop(self):
        """Nanoseconds from the request until all processes of the run have ended, and how many have not."""
        fds = open_pidfds(self.place.tagged())
        begin = now()
        self.launcher.stop(self.place, self.main_pid)
        left = wait_for_ends(fds)
        took = now() - begin
        reap()
        return took, len(left)


def trivial(place, *arguments):
    return [[str(place.programs / "bench_listener"), "{port}", *arguments] for _ in place.ports]


def start_stop(options):
    table = Table("start-stop: N trivial listeners", ["launcher", "N", "start: all listen, ms", "start command returned, ms", "stop: all gone, ms",
                                                    "left behind", "runs"])
    for count in options.n:
        samples = {}
        launchers = peers(options.devinit, options.peers)
        for _ in range(options.runs):
            for launcher in launchers:
                if count > options.peer_max and launcher.name in ("foreman", "pm2", "concurrently", "overmind"):
                    continue
                options.calm.wait()
                with Playground(options.programs, count) as place:
                    one_start_stop(place, launcher, samples)
        for name, (listen, returned, stop, left, incomplete) in samples.items():
            note = f" ({incomplete} incomplete)" if incomplete else ""
            table.row(name, count, cell(listen), cell(returned), cell(stop), max(left, default="–"), f"{len(listen)}{note}")
    table.show(options.calm)


def one_start_stop(place, launcher, samples):
    running = Running(place, launcher, trivial(place))
    rounds = [launcher.name]
    if isinstance(launcher, Devinit):
        rounds = ["devinit, first start in a folder", "devinit, later start"]
    for name in rounds:
        into = samples.setdefault(name, [[], [], [], [], 0])
        if name != rounds[0]:
            running.start()
        if len(running.services) == len(place.ports):
            into[0].append(ms(running.until_all_listen()))
            if running.returned is not None:
                into[1].append(ms(running.returned - running.began))
        else:
            into[4] += 1
        took, left = running.stop()
        into[2].append(ms(took))
        into[3].append(left)


def restart(options):
    table = Table("restart: kill -9 of a service until it listens again", ["launcher", "after 2.5 s, ms", "after 50 ms, ms", "did not come back"])
    samples = {}
    for _ in range(options.runs):
        for launcher in peers(options.devinit, options.peers):
            if not launcher.restarts:
                continue
            options.calm.wait()
            with Playground(options.programs, 1) as place:
                one_restart(place, launcher, samples.setdefault(launcher.name, ([], [], [])))
    for name, (settled, early, lost) in samples.items():
        table.row(name, cell(settled), cell(early), len(lost))
    table.show(options.calm)


def one_restart(place, launcher, into):
    running = Running(place, launcher, trivial(place))
    if not running.services:
        into[2].append(0)
        return
    [(pid, _)] = running.services.values()
    for pause, times in ((2.5, into[0]), (0.05, into[1])):
        time.sleep(pause)
        begin = now()
        os.kill(pid, signal.SIGKILL)
        again = place.reports.take(1, timeout=8)
        if not again:
            into[2].append(pid)
            break
        [(pid, clock)] = again.values()
        times.append(ms(clock - begin))
    running.stop()


def readiness(options):
    table = Table("readiness: from listen() until devinit says ready", ["the service listens after, ms", "event on stdout of `start --json`, ms",
                                                                    "in state.json, ms", "`start` returned, ms"])
    for delay in (0, 30, 300, 2000):
        events, states, returns = [], [], []
        for _ in range(options.runs):
            options.calm.wait()
            with Playground(options.programs, 1) as place:
                one_readiness(place, options, delay, events, states, returns)
        table.row(delay, cell(events, 2), cell(states, 2), cell(returns, 2))
    table.show(options.calm)


def one_readiness(place, options, delay, events, states, returns):
    launcher = Devinit(options.devinit)
    launcher.configure(place, trivial(place, str(delay)))
    data = place.project / ".devinit"
    data.mkdir(mode=0o700)
    watch = FolderWatch(data)
    command = subprocess.Popen(launcher.argv("start", "--json"), cwd=place.project, env=place.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    in_state = None
    while in_state is None and watch.wait(10):
        seen = now()
        state = read_json(data / "state.json")
        if state and any(service["ready"] for service in state["services"]):
            in_state = seen
    # The events have waited in the pipe meanwhile: their time is taken in a second start, below.
    command.stdout.read()
    command.wait()
    clock = take_clock(place)
    if clock and in_state:
        states.append(ms(in_state - clock))
    os.waitpid(place.spawn(launcher.argv("stop")), 0)
    command = subprocess.Popen(launcher.argv("start", "--json"), cwd=place.project, env=place.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    told = None
    for line in command.stdout:
        seen = now()
        if told is None and b'"ready":true' in line:
            told = seen
    command.wait()
    returned = now()
    clock = take_clock(place)
    if clock and told:
        events.append(ms(told - clock))
        returns.append(ms(returned - clock))
    os.waitpid(place.spawn(launcher.argv("stop")), 0)
    watch.close()


def take_clock(place):
    reports = place.reports.take(1, timeout=5)
    return next(iter(reports.values()))[1] if reports else None


def orphans(options):
    table = Table("orphans: services that leave a child and a TERM-deaf daemon; who is alive after kill -9",
                  ["launcher", "killed", "alive after 100 ms", "after 1 s", "after 8 s", "after the next `stop`"])
    for launcher in peers(options.devinit, options.peers):
        victims = ["launcher"] + (["a guardian", "launcher and guardians"] if isinstance(launcher, Devinit) else [])
        for victim in victims:
            with Playground(options.programs, 2) as place:
                one_orphans(place, launcher, victim, table)
    table.show(options.calm)


def one_orphans(place, launcher, victim, table):
    running = Running(place, launcher, trivial(place, "0", "family"))
    targets = [running.main_pid]
    guardians = []
    if isinstance(launcher, Devinit):
        state = read_json(place.project / ".devinit" / "state.json")
        guardians = [service["guardian"]["pid"] for service in state["services"]]
        targets = [state["supervisor"]["pid"]]
    elif launcher.daemonises:
        targets = [pid for pid in running.own_pids() if b"God Daemon" in read_cmdline(pid)]
    if victim == "a guardian":
        targets = guardians[:1]
        before = set(place.tagged())
    elif victim == "launcher and guardians":
        targets += guardians
    for pid in targets:
        os.kill(pid, signal.SIGKILL)
    counts = []
    for pause in (0.1, 0.9, 7.0):
        time.sleep(pause)
        reap()
        alive = place.tagged()
        # After the loss of one guardian its service is started anew: only what was there before is left behind.
        if victim == "a guardian":
            alive = [pid for pid in alive if pid in before and belongs_to(pid, place.first_port)]
        counts.append(len(alive))
    after_stop = "–"
    if isinstance(launcher, Devinit):
        launcher.stop(place, 0)
        after_stop = len(place.tagged())
    table.row(launcher.name, victim, *counts, after_stop)


def read_cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def belongs_to(pid, port):
    words = read_cmdline(pid).split(b"\0")
    return b"svguard" not in words[0] and str(port).encode() in words
