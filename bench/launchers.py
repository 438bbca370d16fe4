"""How each launcher is told what to run, started and stopped."""

import json
import os
import shlex
import signal

from harness import find_program


class Launcher:
    """`configure` writes what it reads, `start_argv` begins, `stop` ends. `daemonises`: the start command returns, a daemon stays."""

    name = ""
    daemonises = False
    restarts = False

    def configure(self, place, commands):
        """commands: one argv per port of `place`; an argument `{port}` is to be replaced by the port."""
        raise NotImplementedError

    def start_argv(self, place):
        raise NotImplementedError

    def stop(self, place, main_pid):
        """Requests the end and returns; for a command, when the command has returned."""
        os.kill(main_pid, signal.SIGTERM)


def with_port(command, port):
    return [str(port) if argument == "{port}" else argument for argument in command]


class Floor(Launcher):
    name = "floor (vfork loop)"
    restarts = True

    def configure(self, place, commands):
        self.command = [argument for argument in commands[0] if argument != "{port}"]

    def start_argv(self, place):
        return [str(place.programs / "bench_floor_supervisor"), "--restart", str(len(place.ports)), str(place.first_port), *self.command]


class Devinit(Launcher):
    name = "devinit"
    daemonises = True
    restarts = True

    def __init__(self, program):
        self.program = program

    def configure(self, place, commands):
        services = {f"s{i:03}": {"command": command, "port": port} for i, (port, command) in enumerate(zip(place.ports, commands))}
        (place.project / "devinit.json").write_text(json.dumps({"services": services}))

    def argv(self, *arguments):
        return [self.program, *arguments]

    def start_argv(self, place):
        return self.argv("start")

    def stop(self, place, main_pid):
        os.waitpid(place.spawn(self.argv("stop")), 0)


class ProcfileLauncher(Launcher):
    def __init__(self, name, program, *arguments):
        self.name, self.program, self.arguments = name, program, arguments

    def configure(self, place, commands):
        lines = [f"s{i:03}: exec {shlex.join(with_port(command, port))}" for i, (port, command) in enumerate(zip(place.ports, commands))]
        (place.project / "Procfile").write_text("\n".join(lines) + "\n")

    def start_argv(self, place):
        return [self.program, *self.arguments]


class Concurrently(Launcher):
    name = "concurrently"

    def __init__(self, program):
        self.program = program

    def configure(self, place, commands):
        self.commands = [shlex.join(with_port(command, port)) for port, command in zip(place.ports, commands)]

    def start_argv(self, place):
        return [self.program, *self.commands]


class Pm2(Launcher):
    name = "pm2"
    daemonises = True
    restarts = True

    def __init__(self, program):
        self.program = program

    def configure(self, place, commands):
        apps = [{"name": f"s{i:03}", "script": command[0], "args": with_port(command[1:], port), "interpreter": "none"}
                for i, (port, command) in enumerate(zip(place.ports, commands))]
        (place.project / "ecosystem.json").write_text(json.dumps({"apps": apps}))

    def start_argv(self, place):
        return [self.program, "start", "ecosystem.json"]

    def stop(self, place, main_pid):
        os.waitpid(place.spawn([self.program, "kill"]), 0)


class Dinit(Launcher):
    name = "dinit"
    restarts = True

    def __init__(self, program):
        self.program = program

    def configure(self, place, commands):
        folder = place.project / "dinit.d"
        folder.mkdir()
        names = []
        for i, (port, command) in enumerate(zip(place.ports, commands)):
            names.append(f"s{i:03}")
            (folder / names[-1]).write_text(f"type = process\ncommand = {shlex.join(with_port(command, port))}\nrestart = true\n"
                                            "smooth-recovery = true\nrestart-delay = 0\nrestart-limit-count = 0\n")
        (folder / "boot").write_text("type = internal\n" + "".join(f"waits-for = {name}\n" for name in names))

    def start_argv(self, place):
        return [self.program, "--user", "-d", str(place.project / "dinit.d"), "-p", str(place.folder / "dinit.sock")]


class Supervisord(Launcher):
    name = "supervisord"
    restarts = True

    def __init__(self, program):
        self.program = program

    def configure(self, place, commands):
        lines = ["[supervisord]", f"logfile={place.folder}/supervisord.log", f"pidfile={place.folder}/supervisord.pid", f"childlogdir={place.folder}"]
        for i, (port, command) in enumerate(zip(place.ports, commands)):
            lines += [f"[program:s{i:03}]", f"command={shlex.join(with_port(command, port))}", "autorestart=true", "startretries=1000"]
        (place.project / "supervisord.conf").write_text("\n".join(lines) + "\n")

    def start_argv(self, place):
        return [self.program, "--nodaemon", "--configuration", str(place.project / "supervisord.conf")]


def peers(devinit, only=None):
    """The floor, devinit, and whatever else PATH has; `only`: names to keep."""
    found = [Floor(), Devinit(devinit)]
    if program := find_program("hivemind"):
        found.append(ProcfileLauncher("hivemind", program, "Procfile"))
    if program := find_program("overmind"):
        found.append(ProcfileLauncher("overmind", program, "start", "-f", "Procfile"))
    if program := find_program("foreman"):
        found.append(ProcfileLauncher("foreman", program, "start", "-f", "Procfile"))
    for kind, name in ((Dinit, "dinit"), (Concurrently, "concurrently"), (Pm2, "pm2"), (Supervisord, "supervisord")):
        if program := find_program(name):
            found.append(kind(program))
    return [one for one in found if only is None or any(one.name.startswith(name) for name in only)]
