"""What must hold whenever a project is at rest, judged by the kernel and the files alone."""

import json
import os

import isolation
import processes
import registries
from ports_blocks import listening_rows

# More than this and it grows: descriptors of a supervisor that has as many services as before, and its memory in kilobytes.
SPARE_DESCRIPTORS = 2
SPARE_KILOBYTES = 12 * 1024
AT_REST = ("stopped", "ready", "failed", "completed", "scheduled")


def descendants(pid):
    """All processes below `pid`, zombies included."""
    parents = {child: processes.parent_of(child) for child in processes.all_pids()}
    found, before = {pid}, set()
    while found != before:
        before = set(found)
        found |= {child for child, parent in parents.items() if parent in before}
    return found - {pid}


def resident_kilobytes(pid):
    lines = processes.read_bytes(f"/proc/{pid}/status").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(b"VmRSS")), 0)


class Invariants:
    """`allowed()`: pids of processes that may be there besides the supervisor's tree, with their listeners."""

    def __init__(self, project, allowed):
        self._project = project
        self._allowed = allowed
        self._base_lines = {}  # supervisor → (services, clients) → (descriptors, kilobytes)
        self.largest = (0, 0)

    def violations(self):
        """What does not hold, as sentences; also what only says that the project is not at rest yet."""
        status = self._status()
        if status is None:
            return ["`status` fails"]
        busy = [f"{service['name']} is {service['state']}" for service in status["services"] if service["state"] not in AT_REST]
        if busy:
            return busy
        return [*self._wrong_processes(status), *self._wrong_listeners(status), *self._wrong_files()]

    def thorough_violations(self):
        """Likewise with what costs a command or a data base: once, when nothing else is wrong."""
        problems = []
        check = self._project.run("ports", "check")
        if check.code != 0:
            problems.append(f"ports check: exit code {check.code}: {check.text}")
        database = registries.database_path(self._project)
        if os.path.exists(database) and registries.sqlite_integrity(database) != ["ok"]:
            problems.append("the registry is damaged")
        return problems + self._growth()

    def _status(self):
        result = self._project.run("status", "--json")
        return json.loads(result.out) if result.code in (0, 3) else None

    def _wrong_processes(self, status):
        supervisor = status["supervisor"]["pid"] if status["supervisor"]["running"] else None
        tree = descendants(supervisor) if supervisor else set()
        allowed = {os.getpid(), supervisor, *self._allowed(), *tree}
        around = processes.all_pids() if isolation.ISOLATED else self._project.own_processes()
        strays = [pid for pid in around if pid not in allowed and pid != 1 and processes.is_alive(pid) and not self._is_ours(pid)]
        problems = [f"outside the tree: {processes.describe(pid)}" for pid in strays]
        guardians = processes.children_of(supervisor) if supervisor else []
        collectors = [supervisor, *guardians] if supervisor else []
        zombies = [child for parent in collectors for child in processes.children_of(parent) if not processes.is_alive(child)]
        problems += [f"not collected: {processes.describe(pid)}" for pid in zombies]
        # A first process that has ended may have left a descendant that serves on; one that lives has a guardian for its parent.
        running = {service["pid"] for service in status["services"] if service["pid"] and processes.is_alive(service["pid"])}
        guarded = {child for guardian in guardians for child in processes.children_of(guardian)}
        problems += [f"no guardian is the parent of {processes.describe(pid)}" for pid in running - guarded]
        needed = sum(bool(service["pid"]) for service in status["services"])
        if len(guardians) != needed:
            problems.append(f"{len(guardians)} guardians for {needed} services")
        return problems

    def _is_ours(self, pid):
        """A child of this test program."""
        return pid in descendants(os.getpid())

    def _wrong_listeners(self, status):
        ours = set().union(*(processes.socket_inodes(pid) for pid in (os.getpid(), *self._allowed())))
        listening = {port for port, inode in listening_rows() if inode not in ours and (port in self._project.block)}
        promised = {port for service in status["services"] if service["ready"] for port in (service["port"],) if port}
        problems = [f"port {port} is listened on, and no service is ready there" for port in sorted(listening - promised)]
        return problems + [f"nobody listens on port {port} of a ready service" for port in sorted(promised - listening)]

    def _wrong_files(self):
        problems = []
        for name in (".ports.json", ".devinit/state.json", ".devinit/ports.last.json"):
            try:
                json.loads(self._project.read(name)) if self._project.exists(name) else None
            except ValueError as problem:
                problems.append(f"{name} is not whole: {problem}")
        if self._project.exists(".env.runtime"):
            text = self._project.read(".env.runtime")
            if not text.endswith("\n"):
                problems.append(".env.runtime is not whole")
        return problems

    def _growth(self):
        """Descriptors and memory of the supervisor against what it had when it first ran the same services for as many clients: one without a
        port takes fewer descriptors than one with a port, and each client takes one."""
        status = self._status()
        supervisor = status["supervisor"]["pid"] if status and status["supervisor"]["running"] else None
        if not supervisor:
            return []
        try:
            now = (len(os.listdir(f"/proc/{supervisor}/fd")), resident_kilobytes(supervisor))
        except OSError:
            return []
        self.largest = (max(self.largest[0], now[0]), max(self.largest[1], now[1]))
        names = frozenset(service["name"] for service in status["services"] if service["pid"])
        lines = self._base_lines.setdefault(supervisor, {})
        first = lines.setdefault((names, len(self._allowed())), now)
        problems = []
        if now[0] > first[0] + SPARE_DESCRIPTORS:
            problems.append(f"the supervisor has {now[0]} descriptors for {sorted(names)}, and had {first[0]}")
        smallest = min(kilobytes for _, kilobytes in lines.values())
        if now[1] > smallest + SPARE_KILOBYTES:
            problems.append(f"the supervisor takes {now[1]} kB, and took {smallest}")
        return problems
