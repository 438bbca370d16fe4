"""A real Docker engine of a test's own: its data, its socket and its mounts are in a temporary folder and in namespaces of its own, and it
makes no bridge and no firewall rule. It ends with the test, however that ends, and its containers with it.
"""

import glob
import io
import os
import queue
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import threading
import unittest

import harness
import processes
from waiting import PATIENCE

# /run is private, too: the engine keeps sockets there whatever its options say.
RUN_ENGINE = 'mount -t tmpfs tmpfs /run && exec dockerd "$@"'
# Why an engine ends that may not do what an engine does; anything else is a failure of the test.
FORBIDDEN = re.compile(r"(?i)operation not permitted|permission denied|read-only file system|cgroup")


def why_unavailable():
    """What is not installed, or None."""
    missing = [program for program in ("dockerd", "docker", "docker-compose", "unshare", "setpriv") if shutil.which(program) is None]
    if static_busybox() is None:
        missing.append("a static busybox")
    return f"not installed: {', '.join(missing)} (packages docker.io, docker-compose, busybox-static)" if missing else None


def static_busybox():
    """A busybox that runs in an image that holds nothing else, or None."""
    unpacked = glob.glob(str(harness.REPOSITORY / "build/busybox/**/bin/busybox"), recursive=True)
    for program in [*unpacked, shutil.which("busybox")]:
        if program and subprocess.run(["ldd", program], capture_output=True, check=False).returncode:
            return program
    return None


class DockerEngine:
    """Running from the start on, until `close`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="dit-docker-", dir="/tmp")
        self._process = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _start(self):
        with open(self._path("settings.json"), "w", encoding="ascii") as file:
            file.write("{}")  # instead of the machine's own
        options = [
            "--config-file", self._path("settings.json"), "--host", f"unix://{self._path('socket')}", "--pidfile", self._path("pid"),
            "--data-root", self._path("data"), "--exec-root", self._path("run"), "--cgroup-parent", self._cgroup(),
            "--exec-opt", "native.cgroupdriver=cgroupfs", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
            "--ip-masq=false",
        ]
        # The first process of a process namespace takes everybody in it along when it ends.
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *namespaces, "sh", "-c", RUN_ENGINE, "sh", *options], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"PATH": harness.SYSTEM_PATH}, cwd="/", text=True, errors="replace",
        )
        lines = queue.SimpleQueue()
        threading.Thread(target=drain, args=(self._process.stderr, lines), daemon=True).start()
        said = []
        while not said or "API listen on" not in said[-1]:
            line = lines.get(timeout=PATIENCE)
            if line is None:
                self._give_up(said)
            said.append(line)

    @staticmethod
    def _give_up(said):
        if said and FORBIDDEN.search(said[-1]):
            raise unittest.SkipTest(f"an engine may not run here: {said[-1].strip()}")
        raise RuntimeError("the engine did not start:\n" + "".join(said))

    def _cgroup(self):
        return "/" + os.path.basename(self.folder)

    @property
    def environment(self):
        """For docker and docker-compose."""
        return {
            "PATH": harness.SYSTEM_PATH, "HOME": self.folder, "DOCKER_HOST": f"unix://{self._path('socket')}",
            "DOCKER_CONFIG": self._path("client"), "LANG": "C.UTF-8",
        }

    def run(self, *command, cwd=None, stdin=b""):
        """Runs docker or docker-compose; what it printed."""
        done = subprocess.run(command, input=stdin, env=self.environment, cwd=cwd or self.folder, capture_output=True, timeout=PATIENCE * 2, check=False)
        if done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")
        return done.stdout.decode()

    def import_image(self, name):
        """An image that holds nothing but a static busybox."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(os.path.realpath(static_busybox()), "bin/busybox")
            for applet in ("sh", "mkdir", "httpd"):
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        self.run("docker", "import", "-", name, stdin=archive.getvalue())

    def close(self):
        if self._process is not None:
            # The kernel lets the first process of a process namespace end only after all the others.
            for first in processes.children_of(self._process.pid):
                processes.send(first, signal.SIGKILL)
            self._process.wait(PATIENCE)
        for folder in glob.glob(f"/sys/fs/cgroup{self._cgroup()}") + glob.glob(f"/sys/fs/cgroup/*{self._cgroup()}"):
            remove_cgroup(folder)
        shutil.rmtree(self.folder, ignore_errors=True)


def remove_cgroup(folder):
    for inner, _, _ in os.walk(folder, topdown=False):
        os.rmdir(inner)


def drain(stream, lines):
    """Hands over every line, and None at the end: an engine must not block because nobody reads its log."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)
