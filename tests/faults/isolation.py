"""A world of its own for a test program: private network, PID and mount namespaces, entered by executing the program again.

Import this module and call `enter()` before anything else of the tests is imported. Inside, the first process is a small init that collects
orphans and owns one listener (see INIT_PORT); the program itself is its child, so that every other process and every other listener of the
namespaces was made by a test, and none may be left when it ends. Nothing that a test does to limits, mounts, addresses or settings of the
network is seen outside.
"""

import ctypes
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

MARK = "FAULTS_INSIDE"
# The first process of the PID namespace listens here, outside the ports that tests get.
INIT_PORT = 19990
SPACES = ["--net", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child"]
# True in the namespaces; OTHER_USERS: other users can be become there, too.
ISOLATED = MARK in os.environ
OTHER_USERS = os.environ.get(MARK, "root" if os.geteuid() == 0 else "") == "root"


def way_in():
    """The words before a command that take it inside, and what they make of us; None where the kernel forbids it."""
    own = ["unshare", *SPACES] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", *SPACES]
    try:
        tried = subprocess.run([*own, "true"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return None
    return (own, "root" if os.geteuid() == 0 else "user") if tried.returncode == 0 else None


def enter():
    """Returns inside the namespaces, or outside where the machine forbids them (`ISOLATED` tells)."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):  # a job in the background may have been told to ignore them
        signal.signal(number, signal.SIG_DFL)
    if not ISOLATED:
        way = way_in()
        if way:
            words, mark = way
            os.environ[MARK] = mark
            os.execvp(words[0], [*words, sys.executable, "-B", *sys.argv])
        return
    if os.getpid() == 1:
        bring_loopback_up()
        become_init()


def bring_loopback_up():
    siocgifflags, siocsifflags, iff_up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        answer = fcntl.ioctl(channel, siocgifflags, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", answer)[1]
        fcntl.ioctl(channel, siocsifflags, struct.pack("16sh14x", b"lo", flags | iff_up))


def become_init():
    """Returns in a child; the caller's process collects orphans until that child ends, and ends with its code."""
    listener = socket.create_server(("127.0.0.1", INIT_PORT))
    child = os.fork()
    if child == 0:
        listener.close()
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
