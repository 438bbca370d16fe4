"""Supervision: graphs of services, a thousand of them, crashes, watched files, waiting commands, probes, restarts under load."""

import json
import os
import signal
import socket
import statistics
import subprocess
import time

from harness import Table, Playground, cell, cpu_ns, ms, now, read_json, run, wake_ups
from launchers import Devinit, Floor, peers
from lifecycle import Running, trivial

LEVELS = 5
PYTHON = "/usr/bin/python3"  # Debian's: it has Debian's uvicorn


class Configured(Devinit):
    """devinit with further keys: `settings(i, count)` are those of service i."""

    def __init__(self, program, name, settings):
        super().__init__(program)
        self.name, self.settings = name, settings

    def configure(self, place, commands):
        count = len(place.ports)
        services = {f"s{i:03}": {"command": command, "port": port} | self.settings(i, count)
                    for i, (port, command) in enumerate(zip(place.ports, commands))}
        (place.project / "devinit.json").write_text(json.dumps({"services": services}))


def in_levels(i, count):
    """A fifth of the services in each level; each needs two of the level before to be ready."""
    width = max(1, count // LEVELS)
    if i < width:
        return {}
    first = (i // width - 1) * width
    return {"depends_on": sorted({f"s{first + i % width:03}", f"s{first + (i + 7) % width:03}"})}


def start(place, launcher, commands):
    """A start whose command has to succeed; the clock just before it."""
    launcher.configure(place, commands)
    begin = now()
    _, code = run(launcher.start_argv(place), place)
    if code != 0:
        raise SystemExit(f"bench: start ended with {code}")
    return begin


def supervisor_of(place):
    return read_json(place.project / ".devinit" / "state.json")["supervisor"]["pid"]


def takes_too_long(launcher, count, options):
    return count > options.peer_max and launcher.name in ("foreman", "pm2", "concurrently", "overmind", "supervisord")


# ---- graphs ----

def graph(options):
    """The floor and the peers know no readiness: they start all at once."""
    count = max(options.n)
    launchers = [*peers(options.devinit, options.peers)]
    launchers[2:2] = [Configured(options.devinit, f"devinit, {LEVELS} levels", in_levels)]
    in_turns(options, f"graph: {count} services, {LEVELS} levels", count, launchers, options.runs)


def thousand(options):
    launchers = [Floor(), Devinit(options.devinit), Configured(options.devinit, f"devinit, {LEVELS} levels", in_levels)]
    in_turns(options, "thousand: 1000 services", 1000, launchers, max(3, options.runs // 3))
    at_rest(options, 1000)


def in_turns(options, title, count, launchers, runs):
    table = Table(title, ["launcher", "all listen, ms", "× floor", "command returned, all ready, ms", "× floor", "stop: all gone, ms", "× floor", "left behind", "runs", "failed starts"])
    samples = {}
    for _ in range(runs):
        for launcher in launchers:
            if takes_too_long(launcher, count, options):
                continue
            options.calm.wait()
            with Playground(options.programs, count) as place:
                one_start_stop(place, launcher, samples.setdefault(launcher.name, ([], [], [], [], [])))
    floors = next(iter(samples.values()))
    for name, (listen, returned, stop, left, failed) in samples.items():
        table.row(name, cell(listen), times(listen, floors[0]), cell(returned), times(returned, floors[0]), cell(stop), times(stop, floors[2]),
                  max(left, default="–"), len(listen), sum(failed))
    table.show(options.calm)


def times(values, floor):
    """By the medians, and by the best of each: what a busy machine distorts less."""
    if not values or not floor:
        return "–"
    return f"{statistics.median(values) / statistics.median(floor):.2f} (min {min(values) / min(floor):.2f})"


def one_start_stop(place, launcher, into):
    running = Running(place, launcher, trivial(place))
    complete = len(running.services) == len(place.ports)
    into[4].append(not complete or running.code != 0)
    if complete:
        into[0].append(ms(running.until_all_listen()))
    if complete and running.returned is not None and running.code == 0:
        into[1].append(ms(running.returned - running.began))
    took, left = running.stop()
    if complete:
        into[2].append(ms(took))
    into[3].append(left)


def at_rest(options, count):
    seconds = options.seconds
    table = Table(f"{count} services at rest, {seconds} s", ["process", "RSS MB", "wake-ups", "CPU ms"])
    options.calm.wait()
    with Playground(options.programs, count) as place:
        running = Running(place, Devinit(options.devinit), trivial(place))
        supervisor = supervisor_of(place)
        services = {pid for pid, _ in running.services.values()}
        time.sleep(10)  # what a start leaves behind is over by then
        guardians = [pid for pid in place.tagged() if pid not in services and pid != supervisor]
        rows = {"supervisor": [supervisor], f"{len(guardians)} guardians": guardians}
        before = {name: (sum(map(wake_ups, pids)), sum(map(cpu_ns, pids))) for name, pids in rows.items()}
        time.sleep(seconds)
        for name, pids in rows.items():
            table.row(name, f"{sum(map(rss_kib, pids)) / 1024:.1f}", sum(map(wake_ups, pids)) - before[name][0],
                      f"{ms(sum(map(cpu_ns, pids)) - before[name][1]):.2f}")
        Devinit(options.devinit).stop(place, 0)
    table.show(options.calm)


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("VmRSS:")), 0)


# ---- crashes ----

def crash(options):
    """The service's own start, measured alone, is part of every figure: the last column is without it."""
    table = Table("crash: kill -9 of a ready service until its port is listened on again", ["launcher", "services", "ms", "without the service's own start, ms", "lost"])
    samples, alone = {}, []
    many = max(options.n)
    cases = [(launcher, 1) for launcher in peers(options.devinit, options.peers) if launcher.restarts]
    cases.append((Configured(options.devinit, f"devinit, {LEVELS} levels", in_levels), many))
    for _ in range(options.runs):
        alone.append(own_start(options))
        for launcher, count in cases:
            options.calm.wait()
            with Playground(options.programs, count) as place:
                some_crashes(place, launcher, samples.setdefault((launcher.name, count), ([], [])))
    table.row("the service's own start, alone", 1, cell(alone, 2), "–", 0)
    own = statistics.median(alone)
    for (name, count), (values, lost) in samples.items():
        table.row(name, count, cell(values, 2), cell([value - own for value in values], 2), len(lost))
    table.show(options.calm)


def own_start(options):
    with Playground(options.programs, 1) as place:
        begin = now()
        place.spawn([str(options.programs / "bench_listener"), str(place.first_port)])
        [(_, clock)] = place.reports.take(1).values()
        return ms(clock - begin)


def some_crashes(place, launcher, into):
    """Four, as the default budget allows five; the one in the middle of the graph."""
    running = Running(place, launcher, trivial(place))
    if len(running.services) < len(place.ports):
        into[1].append(len(running.services))
        return
    victim = place.first_port + len(place.ports) // 2
    pid, _ = running.services[victim]
    for _ in range(4):
        time.sleep(1.2)  # supervisord counts a service as started only after a second
        begin = now()
        os.kill(pid, signal.SIGKILL)
        again = place.reports.take(1, timeout=8)
        if victim not in again:
            into[1].append(pid)
            break
        pid, clock = again[victim]
        into[0].append(ms(clock - begin))
    running.stop()


# ---- watched files ----

DEBOUNCE_MS = 50


def watch(options):
    """The clock is read just before close(2); the debounce is subtracted."""
    table = Table(f"watch: a changed file until the SIGHUP is there, without the debounce of {DEBOUNCE_MS} ms", ["who watches", "files", "ms", "changes without a signal"])
    samples = {}
    for _ in range(options.runs):
        for name, files, watching in (("floor (inotify, one timer)", 1, floor_watches), ("devinit", 1, devinit_watches), ("devinit", 5000, devinit_watches)):
            options.calm.wait()
            with Playground(options.programs, 1) as place:
                make_files(place.project / "src", files)
                watching(place, options)
                some_changes(place, samples.setdefault((name, files), ([], [])))
                if watching is devinit_watches:
                    Devinit(options.devinit).stop(place, 0)
    for (name, files), (values, lost) in samples.items():
        table.row(name, files, cell(values, 2), len(lost))
    table.show(options.calm)


def make_files(folder, count):
    for i in range(count):
        sub = folder / f"part{i // 50}"
        if i % 50 == 0:
            sub.mkdir(parents=True)
        (sub / f"file{i % 50}.py").write_text("")


def floor_watches(place, _):
    pid = place.spawn([str(place.programs / "bench_signalled"), str(place.first_port)])
    place.reports.take(1)
    place.spawn([str(place.programs / "bench_watch_floor"), str(place.project / "src" / "part0"), str(pid), str(DEBOUNCE_MS)])
    time.sleep(0.2)


def devinit_watches(place, options):
    settings = {"watch": {"paths": ["src"], "action": "SIGHUP", "debounce": f"{DEBOUNCE_MS}ms"}}
    start(place, Configured(options.devinit, "", lambda i, count: settings), [[str(place.programs / "bench_signalled"), "{port}"]])
    place.reports.take(1)
    time.sleep(0.2)


def some_changes(place, into):
    for i in range(5):
        file = os.open(place.project / "src" / "part0" / "file0.py", os.O_WRONLY)
        os.write(file, b"# %d\n" % i)
        begin = now()
        os.close(file)
        arrived = place.reports.take(1, timeout=3)
        if not arrived:
            into[1].append(i)
            continue
        [(_, clock)] = arrived.values()
        into[0].append(ms(clock - begin) - DEBOUNCE_MS)
        time.sleep(0.1)


# ---- commands that wait ----

def wait(options):
    table = Table("wait: from the moment a service is ready until `devinit wait` has returned", ["ready when", "`wait` returned, ms", "`start` returned, ms"])
    floor, listening, notifying = [], ([], []), ([], [])
    for _ in range(options.runs):
        options.calm.wait()
        with Playground(options.programs, 1) as place:
            floor.append(one_floor_wait(place))
        with Playground(options.programs, 1) as place:
            one_wait(place, options, ["bench_listener", "{port}", "400"], {}, listening)
        with Playground(options.programs, 1) as place:
            one_wait(place, options, ["bench_notifier", str(place.first_port), "400"], {"port": None, "ready": "notify"}, notifying)
    table.row("floor: `cat` of a fifo ends", cell(floor, 2), "–")
    table.row("listen(2)", *(cell(values, 2) for values in listening))
    table.row("READY=1 (notify)", *(cell(values, 2) for values in notifying))
    table.show(options.calm)


def one_floor_wait(place):
    fifo = place.folder / "fifo"
    os.mkfifo(fifo)
    waiting = place.spawn(["/bin/cat", str(fifo)])
    file = os.open(fifo, os.O_WRONLY)
    time.sleep(0.2)
    begin = now()
    os.close(file)
    os.waitpid(waiting, 0)
    return ms(now() - begin)


def one_wait(place, options, command, settings, into):
    service = {"command": [str(place.programs / command[0]), *command[1:]], "port": place.first_port} | settings
    service = {key: value for key, value in service.items() if value is not None}
    (place.project / "devinit.json").write_text(json.dumps({"services": {"one": service}}))
    ends = {place.spawn([options.devinit, "start"]): 1}
    time.sleep(0.15)
    ends[place.spawn([options.devinit, "wait", "one"])] = 0
    for _ in range(2):
        pid, status = os.waitpid(-1, 0)
        clock = now()
        if pid not in ends or status != 0:
            raise SystemExit("bench: start or wait has failed")
        into[ends[pid]].append(clock)
    [(_, ready)] = place.reports.take(1).values()
    for values in into:
        values[-1] = ms(values[-1] - ready)
    Devinit(options.devinit).stop(place, 0)


# ---- probes ----

def probes(options):
    seconds, count = 2 * options.seconds, 100
    table = Table(f"probes: an http probe each second on {count} services, {seconds} s", ["who asks", "% of a core", "wake-ups/s", "runs"])
    live = {"live": {"http": "/", "period": "1s"}}
    ready = {"ready": {"http": "/", "period": "1s", "deadline": "10m"}}
    cases = {"floor (five system calls each)": floor_asks,
             "devinit, `live`": lambda place: devinit_asks(place, options, live, "200"),
             "devinit, `live` of port": lambda place: devinit_asks(place, options, {"live": {"period": "1s"}}, "200"),
             "devinit, `ready`, answered with 503": lambda place: devinit_asks(place, options, ready, "503")}
    samples = {}
    for _ in range(max(1, options.runs // 3)):
        for name, ask in cases.items():
            options.calm.wait()
            with Playground(options.programs, count) as place:
                asking = ask(place)
                time.sleep(2)
                wakes, cpu, begin = wake_ups(asking), cpu_ns(asking), now()
                time.sleep(seconds)
                span = now() - begin
                into = samples.setdefault(name, ([], []))
                into[0].append(100 * (cpu_ns(asking) - cpu) / span)
                into[1].append((wake_ups(asking) - wakes) * 1e9 / span)
                if name.startswith("devinit"):
                    Devinit(options.devinit).stop(place, 0)
    for name, (shares, wakes) in samples.items():
        table.row(name, cell(shares, 2), cell(wakes, 0), len(shares))
    table.show(options.calm)


def floor_asks(place):
    Floor().configure(place, [[str(place.programs / "bench_http_service")]])
    place.spawn([str(place.programs / "bench_floor_supervisor"), str(len(place.ports)), str(place.first_port), str(place.programs / "bench_http_service")])
    place.reports.take(len(place.ports))
    return place.spawn([str(place.programs / "bench_probe_floor"), str(len(place.ports)), str(place.first_port)])


def devinit_asks(place, options, settings, status):
    launcher = Configured(options.devinit, "", lambda i, count: settings)
    launcher.configure(place, [[str(place.programs / "bench_http_service"), "{port}", status] for _ in place.ports])
    place.spawn(launcher.start_argv(place))
    place.reports.take(len(place.ports))
    return supervisor_of(place)


# ---- restarts under load ----
#
# The floor keeps the socket, ends the server with SIGTERM, and starts the next when that has ended: what is reset there, the server resets.

APP = """async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""
THREADS = 8
RESTARTS = 5


def load(options):
    table = Table(f"load: {THREADS} clients without pause, `devinit restart` of a uvicorn {RESTARTS} times",
                  ["its socket", "answered", "refused", "reset", "wrong", "slowest request, ms", "a restart, ms", "a restart without load, ms"])
    if subprocess.run([PYTHON, "-c", "import uvicorn"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("load: left out, no uvicorn")
        return
    for _ in range(max(1, options.runs // 3)):
        options.calm.wait()
        with Playground(options.programs, 1) as place:
            table.row("floor: a parent keeps it", *floor_load(place))
    for name, listening, settings in (("inherited", ["--fd", "3"], {"socket": "inherit"}), ("its own", ["--port", "{port}"], {})):
        for _ in range(max(1, options.runs // 3)):
            options.calm.wait()
            with Playground(options.programs, 1) as place:
                table.row(name, *one_load(place, options, listening, settings))
    table.show(options.calm)


def floor_load(place):
    (place.project / "app.py").write_text(APP)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", place.first_port))
        listening.listen(4096)
        argv = [PYTHON, "-m", "uvicorn", "app:app", "--log-level", "warning", "--fd", str(listening.fileno())]

        def serve():
            server = subprocess.Popen(argv, cwd=place.project, env=place.environment, pass_fds=[listening.fileno()])
            with socket.create_connection(("127.0.0.1", place.first_port)) as first:
                first.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                first.recv(100)
            return server

        def restart():
            nonlocal server
            begin = now()
            server.terminate()
            server.wait()
            server = serve()
            return ms(now() - begin)
        server = serve()
        quiet = [restart() for _ in range(3)]
        told, busy = under_load(place, restart)
        server.terminate()
        server.wait()
    return outcome(told, busy, quiet)


def under_load(place, restart):
    """What became of the requests, and how long each of the restarts took."""
    output = place.folder / "load.json"
    clients = place.spawn([str(place.programs / "bench_load"), str(place.first_port), str(THREADS)], str(output))
    busy = []
    for _ in range(RESTARTS):
        time.sleep(0.5)
        busy.append(restart())
    time.sleep(0.5)
    os.kill(clients, signal.SIGTERM)
    os.waitpid(clients, 0)
    return read_json(output), busy


def outcome(told, busy, quiet):
    return told["answered"], told["refused"], told["reset"], told["wrong"], f"{ms(told['slowest_ns']):.0f}", cell(busy, 0), cell(quiet, 0)


def one_load(place, options, listening, settings):
    (place.project / "app.py").write_text(APP)
    ready = {"ready": {"http": "/"}}
    command = [[PYTHON, "-m", "uvicorn", "app:app", "--log-level", "warning", *listening]]
    start(place, Configured(options.devinit, "", lambda i, count: settings | ready), command)

    def restart():
        took, code = run([options.devinit, "restart", "s000"], place)
        if code != 0:
            raise SystemExit(f"bench: restart ended with {code}")
        return ms(took)
    quiet = [restart() for _ in range(3)]
    told, busy = under_load(place, restart)
    Devinit(options.devinit).stop(place, 0)
    return outcome(told, busy, quiet)
