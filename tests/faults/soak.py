"""Breaks a project at random and looks after each step whether everything holds: soak.py MINUTES [SEED].

The services depend on each other; the steps start, stop, kill, stop and continue, take ports and edit the configuration. After each step the
project must come to rest, with every invariant true. One line a minute; on a violation the seed, the last steps and exit status 1. The same seed
takes the same decisions; when they meet the processes is up to the machine.
"""

import isolation

isolation.enter()

import collections
import os
import random
import signal
import socket
import sys
import time
import unittest

import harness
import processes
from fault_case import FaultProject
from harness import listener
from invariants import Invariants
from waiting import wait_until

REST = 90.0  # seconds until a project must be at rest: more than all its deadlines together
SHORT = {"stop": {"grace": "300ms"}, "ready": {"deadline": "10s"}}


def services(block):
    """Eight of them: four layers, one deaf, one with many descendants, one slow, one without a port."""

    def stub(name, *arguments, needs=(), **settings):
        return {"command": listener("--name", name, *arguments), "port": block[len(made)], "depends_on": list(needs), **SHORT, **settings}

    made = {}
    made["database"] = stub("database")
    made["cache"] = stub("cache", "--ignore-term")
    made["backend"] = stub("backend", needs=["database", "cache"])
    made["slow"] = stub("slow", "--bind-delay", "0.2", needs=["database"])
    made["session"] = stub("session", "--setsid")
    made["web"] = stub("web", needs=["backend"])
    made["tree"] = {**stub("tree", needs=["cache"]), "command": harness.stub("nasty_tree", "--port", "{port}")}
    made["worker"] = {"command": harness.stub("listener", "--name", "worker", "--never-listen"), "depends_on": ["backend"], **SHORT}
    return made


class Soak:
    def __init__(self, project, seed):
        self.random = random.Random(seed)
        self.project = project
        self.services = services(project.block)
        self.names = list(self.services)
        self.history = collections.deque(maxlen=60)
        self.counts = collections.Counter()
        self.ups = []
        self.began = time.monotonic()
        self.invariants = Invariants(project, self.allowed)
        self.write_configuration()

    # What may be there besides the supervisor's tree

    def allowed(self):
        return [up.process.pid for up in self.ups if up.process.poll() is None]

    # Steps

    STEPS = {
        "start": 6, "start_one": 6, "stop_one": 4, "stop": 2, "restart": 2, "restart_one": 4, "up": 3, "end_up": 3,
        "kill_service": 8, "kill_descendant": 6, "kill_guardian": 5, "kill_supervisor": 4, "kill_both": 3, "kill_command": 5,
        "pause_service": 4, "pause_supervisor": 3, "steal_port": 4, "edit": 3, "start_against_stop": 2,
    }  # fmt: skip

    def step(self):
        name = self.random.choices(list(self.STEPS), list(self.STEPS.values()))[0]
        self.counts[name] += 1
        self.note(name)
        getattr(self, name)()

    def note(self, text):
        self.history.append(f"{time.monotonic() - self.began:8.2f}  {text}")

    def command(self, *words, codes=(0, 1)):
        """A command of devinit; what it says is kept for the history."""
        result = self.project.run(*words)
        last = (result.err.strip().splitlines() or [""])[-1]
        self.note(f"  devinit {' '.join(words)} → {result.code} {last}")
        if result.code not in codes:
            raise AssertionError(f"devinit {' '.join(words)}: exit code {result.code}: {result.text}")
        return result

    def start(self):
        self.command("start")

    def start_one(self):
        self.command("start", self.random.choice(self.names))

    def stop_one(self):
        self.command("stop", self.random.choice(self.names), codes=(0,))

    def stop(self):
        self.command("stop", codes=(0,))

    def restart(self):
        self.command("restart")

    def restart_one(self):
        self.command("restart", self.random.choice(self.names))

    def up(self):
        if len(self.ups) < 2:
            self.ups.append(self.project.spawn("up", *self.random.sample(self.names, self.random.randint(0, 3))))

    def end_up(self):
        if self.ups:
            up = self.ups.pop(self.random.randrange(len(self.ups)))
            number = self.random.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
            self.note(f"  {number.name} to devinit {' '.join(up.process.args[1:])}")
            up.process.send_signal(number)
            up.wait()
            up.close()

    def start_against_stop(self):
        commands = [self.project.spawn(word) for word in ("start", "stop", "start")]
        self.note(f"  → {[command.wait() for command in commands]}")
        for command in commands:
            command.close()

    # Faults

    def tree(self):
        """(supervisor, guardians, first processes, other descendants) as they are now."""
        supervisor = self.project.supervisor()
        guardians = processes.children_of(supervisor) if supervisor else []
        leaders = [child for guardian in guardians for child in processes.children_of(guardian)]
        below = [child for leader in leaders for child in processes.children_of(leader)]
        return supervisor, guardians, leaders, below

    def hit(self, pids, number=signal.SIGKILL, count=1):
        for pid in self.random.sample(pids, min(count, len(pids))):
            self.note(f"  {signal.Signals(number).name} to {processes.describe(pid)[:150]}")
            processes.send(pid, number)

    def kill_service(self):
        self.hit(self.tree()[2], count=self.random.randint(1, 3))

    def kill_descendant(self):
        self.hit(self.tree()[3] + self.tree()[2], count=self.random.randint(1, 4))

    def kill_guardian(self):
        self.hit(self.tree()[1], count=self.random.randint(1, 2))

    def kill_supervisor(self):
        supervisor = self.tree()[0]
        if supervisor:
            self.hit([supervisor])

    def kill_both(self):
        """The supervisor and its guardians in one moment; what survives is for the next command to sweep."""
        supervisor, guardians, _, _ = self.tree()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in [*([supervisor] if supervisor else []), *guardians]:
                processes.send(pid, number)
        for _ in range(2):  # the first one may find its lock still held by who is being killed
            if self.command(self.random.choice(["stop", "start", "restart"])).code == 0:
                break

    def kill_command(self):
        """kill -9 of a command that is at work: after the n-th change that it makes to the folder, or at once."""
        command = self.project.spawn(*self.random.choice([["start"], ["restart"], ["stop"], ["start", "web"], ["up"]]))
        moment = self.random.randint(0, 3)
        seen = []

        def reached():
            seen.append(None)
            return len(seen) > moment or command.process.poll() is not None

        if os.path.isdir(self.project.path(".devinit")):
            wait_until(self.project.path(".devinit"), reached)
        command.process.kill()
        command.wait()
        command.close()

    def pause_service(self):
        _, _, leaders, below = self.tree()
        if leaders:
            paused = self.random.sample(leaders + below, 1)
            self.hit(paused, signal.SIGSTOP)
            self.command(*self.random.choice([["status"], ["start"], ["restart", self.random.choice(self.names)]]), codes=(0, 1, 3))
            for pid in paused:
                processes.send(pid, signal.SIGCONT)

    def pause_supervisor(self):
        supervisor = self.tree()[0]
        if supervisor:
            self.hit([supervisor], signal.SIGSTOP)
            try:
                self.command("status", codes=(0, 3))
                self.random.choice([self.kill_service, self.kill_descendant])()
            finally:
                processes.send(supervisor, signal.SIGCONT)

    def steal_port(self):
        """Tries to listen on a port of ours; where that works (a stopped service's) it is kept during a start."""
        port = self.project.block[self.random.randrange(len(self.names))]
        thief = socket.socket()
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            thief.bind(("127.0.0.1", port))
            thief.listen()
        except OSError:
            thief.close()
            return
        self.note(f"  has port {port}")
        with thief:
            self.command("start", self.random.choice(self.names))

    def edit(self):
        """Another environment, another preferred port, or a broken file that is mended again."""
        self.project.write("devinit.json", "{ broken")
        self.command("restart", codes=(2,))
        name = self.random.choice(self.names)
        self.services[name]["env"] = {"ROUND": str(self.random.randrange(1000))}
        if "port" in self.services[name] and self.random.random() < 0.5:
            taken = {service.get("port") for service in self.services.values()}
            ports = range(self.project.block.first, self.project.block.last + 1)
            self.services[name]["port"] = self.random.choice([port for port in ports if port not in taken])
        self.write_configuration()
        if self.random.random() < 0.5:
            self.command("restart")

    def write_configuration(self):
        self.project.write("devinit.json", {"services": self.services})

    # Looking

    def rest(self):
        """Waits until nothing moves any more, and raises with everything that is wrong then."""
        problems = ["not looked yet"]

        def well():
            # The request of a command that was killed may still be on its way: what is at rest now may move once more.
            problems[:] = self.invariants.violations() or self.invariants.thorough_violations()
            return not problems

        folder = self.project.path(".devinit")
        try:
            wait_until(folder if os.path.isdir(folder) else self.project.root, well, REST)
        except AssertionError:
            raise AssertionError("\n".join(problems)) from None

    def report(self, steps):
        descriptors, kilobytes = self.invariants.largest
        print(f"{(time.monotonic() - self.began) / 60:6.1f} min  {steps} steps, the largest supervisor {descriptors} descriptors, {kilobytes} kB", flush=True)

    def run(self, seconds):
        steps, reports = 0, 1
        while time.monotonic() - self.began < seconds:
            self.step()
            self.rest()
            steps += 1
            if time.monotonic() - self.began > 60 * reports:
                self.report(steps)
                reports += 1
        while self.ups:
            self.end_up()
        self.stop()
        self.rest()
        self.report(steps)
        print(", ".join(f"{name} {count}" for name, count in sorted(self.counts.items())))


class Frame(unittest.TestCase):
    """The project's owner: it only collects what is to be cleaned up."""

    def runTest(self):
        pass


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.splitlines()[0])
    minutes = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) == 3 else random.SystemRandom().randrange(1 << 31)
    print(f"seed {seed}", flush=True)
    frame = Frame()
    project = FaultProject(frame, block_size=40)
    soak = Soak(project, seed)
    try:
        soak.run(minutes * 60)
        project.close()
    except AssertionError as violation:
        print(f"violated with seed {seed}:\n{violation}\n\nthe last steps:\n" + "\n".join(soak.history))
        print("\nstatus:\n" + project.run("status").text)
        if project.exists(".devinit/supervisor.log"):
            print("\nthe supervisor's last words:\n" + "\n".join(project.read(".devinit/supervisor.log").splitlines()[-40:]))
        try:
            project.close()
        except AssertionError as left:
            print(left)
        sys.exit(1)


if __name__ == "__main__":
    main()
