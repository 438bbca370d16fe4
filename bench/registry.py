"""The registry beside bare SQLite and beside an allocator on SQLAlchemy; `whose` beside a bare scan; a scaffolded app beside cp."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import Table, cell, ms, now, run

HERE = Path(__file__).resolve().parent
SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""
PYTHON = "/usr/bin/python3"  # Debian's: the one that python3-sqlalchemy belongs to


def have_orm():
    return subprocess.run([PYTHON, "-c", "import sqlalchemy"], capture_output=True).returncode == 0


class Shelf:
    """A folder with a registry of its own."""

    def __init__(self, options):
        self.options = options
        self.folder = Path(tempfile.mkdtemp(prefix="devinit-bench-"))
        self.environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.environment |= {"XDG_STATE_HOME": str(self.folder / "state"), "XDG_CONFIG_HOME": str(self.folder / "config"), "LC_ALL": "C.UTF-8"}

    def devinit(self, *words, given=None):
        """Wall time in nanoseconds and the output."""
        begin = now()
        done = subprocess.run([self.options.devinit, *words], env=self.environment, input=given, capture_output=True, text=True, check=False)
        took = now() - begin
        if done.returncode != 0:
            sys.exit(f"bench: devinit {' '.join(words)}: {done.stderr}")
        return took, done.stdout

    def fill(self, pairs):
        lines = "".join(f"filler\t{app}\n" for app in range(1, pairs + 1))
        return self.devinit("ports", "get", "--batch", "-", "--no-probe", given=lines)

    def timed(self, *words):
        """One command without an interpreter between the clock and the program."""
        took, code = run([self.options.devinit, *words], environment=self.environment)
        if code != 0:
            sys.exit(f"bench: devinit {' '.join(words)} ended with {code}")
        return ms(took)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


def rates(argv, environment=None):
    """[(count, allocations per second)], the last one with the name "all"."""
    text = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout
    return [line.split()[:2] for line in text.splitlines()]


def allocate(options):
    table = Table("allocations in one process, one durable transaction each", ["allocator", "existing pairs", "allocations/s", "runs"])
    programs, count = options.programs, 3000
    for existing in (0, 20000):
        samples = {}
        for _ in range(options.runs):
            options.calm.wait()
            with Shelf(options) as shelf:
                path = str(shelf.folder / "a.db")
                floor = [str(programs / "bench_allocate_floor"), path, str(count), "1", str(existing)]
                samples.setdefault("floor: SQLite in C", []).append(float(rates(floor)[-1][1]))
                for mode in ("no-probe", "probe"):
                    path = str(shelf.folder / f"{mode}.db")
                    ours = [str(programs / "bench_allocate"), path, str(count), mode, str(existing)]
                    samples.setdefault(f"devinit, {mode}", []).append(float(rates(ours)[-1][1]))
        for name, values in samples.items():
            table.row(name, existing, cell(values, 0), len(values))
    if have_orm():
        with Shelf(options) as shelf:
            steps = rates([PYTHON, str(HERE / "orm_allocator.py"), str(shelf.folder / "orm.db"), "allocate", "model", "1", "5000"])
            table.row("SQLAlchemy, the first 500", 0, steps[0][1], 1)
            table.row("SQLAlchemy, 4,501 to 5,000", 4500, steps[-2][1], 1)
            table.row("SQLAlchemy, all 5,000", "0 to 5000", steps[-1][1], 1)
    table.show(options.calm)


def get(options):
    table = Table("ports get: whole commands", ["command", "existing pairs", "wall ms", "runs"])
    for existing in (0, 20000):
        with Shelf(options) as shelf:
            shelf.devinit("ports", "get", "known", "1")
            if existing:
                shelf.fill(existing)
            options.calm.wait()
            samples = {name: [] for name in ("static hello", "an existing allocation", "a new allocation")}
            for turn in range(options.command_runs):
                took, _ = run([str(options.programs / "bench_hello")])
                samples["static hello"].append(ms(took))
                samples["an existing allocation"].append(shelf.timed("ports", "get", "known", "1"))
                samples["a new allocation"].append(shelf.timed("ports", "get", "new", str(turn + 1)))
            for name, values in samples.items():
                table.row(name, existing, cell(values, 2), len(values))
    table.show(options.calm)


def batch(options):
    table = Table("ports get --batch: 20,000 pairs with probes", ["command", "pairs/s", "last thousand / first thousand", "runs"])
    lines = "".join(f"model\t{app}\n" for app in range(1, 20001))
    speeds, ratios = [], []
    for _ in range(options.runs):
        options.calm.wait()
        with Shelf(options) as shelf:
            took, _ = shelf.devinit("ports", "get", "--batch", "-", given=lines)
            speeds.append(20000 / (took / 1e9))
        with Shelf(options) as shelf:
            ratios.append(thousands(shelf))
    table.row("devinit ports get --batch -", cell(speeds, 0), cell(ratios, 2), len(speeds))
    table.show(options.calm)


def thousands(shelf):
    """Time of the last thousand of 20,000 pairs by that of the first thousand."""
    took = []
    for first in range(1, 20001, 1000):
        lines = "".join(f"model\t{app}\n" for app in range(first, first + 1000))
        took.append(shelf.devinit("ports", "get", "--batch", "-", given=lines)[0])
    return took[-1] / took[0]


def writers(options):
    """64 at once, 50 allocations each; each allocation is one command, or each writer is one command that is asked line by line."""
    table = Table("64 writers at once, 50 allocations each",
                  ["allocator", "allocations/s", "slowest allocation, ms", "processor ms of each", "runs"])
    commands = [str(options.programs / "bench_writers"), "64", "50"]
    rows = (("floor: static hello, a process each", [*commands, str(options.programs / "bench_hello"), "-"]),
            ("devinit version, a process each", [*commands, options.devinit, "version"]),
            ("devinit ports get, a process each", [*commands, options.devinit]),
            ("devinit ports get --batch -, a line each", [PYTHON, str(HERE / "writers.py"), "64", "50", options.devinit]))
    for name, command in rows:
        speeds, slowest, busy = [], [], []
        for _ in range(max(3, options.runs // 3)):
            options.calm.wait()
            with Shelf(options) as shelf:
                done = subprocess.run(command, env=shelf.environment, capture_output=True, text=True, check=True)
                answer = json.loads(done.stdout)
                speeds.append(answer["rate"])
                slowest.append(answer["slowest_ms"])
                busy += [answer["cpu_ms"]] if "cpu_ms" in answer else []
        table.row(name, cell(speeds, 0), cell(slowest, 0), cell(busy, 2) if busy else "–", len(speeds))
    if have_orm():
        with Shelf(options) as shelf:
            table.row("SQLAlchemy, 8 processes", *orm_writers(shelf, 8, 100), "–", 1)
    table.show(options.calm)


def orm_writers(shelf, processes, each):
    database = str(shelf.folder / "orm.db")
    command = [PYTHON, str(HERE / "orm_allocator.py"), database, "allocate"]
    subprocess.run([*command, "warm", "1", "1"], check=True, capture_output=True)
    begin = now()
    running = [subprocess.Popen([*command, f"m{index}", "1", str(each)], stdout=subprocess.PIPE, text=True) for index in range(processes)]
    for one in running:
        one.communicate()
    return f"{processes * each / ((now() - begin) / 1e9):.0f}", "–"


def listing(options):
    table = Table("ports list", ["command", "wall ms", "runs"])
    with Shelf(options) as shelf:
        shelf.fill(10000)
        options.calm.wait()
        samples = {"20,000 leases": [], "20,000 leases, --json": []}
        for _ in range(options.command_runs):
            samples["20,000 leases"].append(shelf.timed("ports", "list"))
            samples["20,000 leases, --json"].append(shelf.timed("ports", "list", "--json"))
        for name, values in samples.items():
            table.row(name, cell(values, 1), len(values))
    table.show(options.calm)


def whose(options):
    table = Table("ports whose", ["command", "other processes", "wall ms", "runs"])
    for others in (0, 500):
        sleepers = [subprocess.Popen(["/bin/sleep", "1000"]) for _ in range(others)]
        # A session of its own, as servers have: else the sleepers would be of its family, and would be looked at as such.
        server = subprocess.Popen([PYTHON, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        port = server.stdout.readline().strip()
        with Shelf(options) as shelf:
            shelf.devinit("ports", "get", "known", "1")
            options.calm.wait()
            samples = {"floor: sock_diag and /proc in C": [], "devinit ports whose": []}
            for _ in range(options.command_runs):
                took, _ = run([str(options.programs / "bench_holder_floor"), port])
                samples["floor: sock_diag and /proc in C"].append(ms(took))
                samples["devinit ports whose"].append(shelf.timed("ports", "whose", port))
            processes = sum(entry.isdigit() for entry in os.listdir("/proc"))
            for name, values in samples.items():
                table.row(name, processes, cell(values, 2), len(values))
        server.communicate()
        for sleeper in sleepers:
            sleeper.kill()
        for sleeper in sleepers:
            sleeper.wait()
    table.show(options.calm)


def scaffold(options):
    table = Table("scaffold: a template of 300 files", ["command", "wall ms", "runs"])
    with Shelf(options) as shelf:
        template = shelf.folder / "template"
        for index in range(300):
            place = template / ("backend" if index % 2 else "frontend") / f"part{index % 10}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"file{index}.txt").write_text("PORT={{backend_port}}\nNAME={{PROJECT_NAME}}\n" + "a line of text\n" * 60)
        samples = {"cp -r": [], "devinit scaffold": []}
        for turn in range(options.command_runs // 3):
            took, _ = run(["/bin/cp", "-r", str(template), str(shelf.folder / f"copy{turn}")])
            samples["cp -r"].append(ms(took))
            samples["devinit scaffold"].append(
                shelf.timed("scaffold", str(template), str(shelf.folder / f"app{turn}"), "--model", "m", "--app", str(turn + 1)))
        for name, values in samples.items():
            table.row(name, cell(values, 1), len(values))
    table.show(options.calm)
