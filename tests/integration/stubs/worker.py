"""A process that does what the test tells it, one line at a time, through the FIFO `--control`:

exit N        ends with status N
print TEXT    prints TEXT on stdout
notify TEXT   sends TEXT to $NOTIFY_SOCKET, `|` standing for a line break
touch PATH    creates the file
eat BYTES     takes so much memory and keeps it
burn          keeps a processor busy in a process of its own

It reports that it has started, with its limits, its index and the variables of `--report`; each signal; and that it ends.
"""

import argparse
import os
import pathlib
import resource
import select
import signal
import socket
import sys

from reporting import report

LIMITS = {"nofile": resource.RLIMIT_NOFILE, "core": resource.RLIMIT_CORE, "fsize": resource.RLIMIT_FSIZE, "stack": resource.RLIMIT_STACK,
          "as": resource.RLIMIT_AS, "nproc": resource.RLIMIT_NPROC}


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default=os.environ.get("DEVINIT_SERVICE", "worker"))
    parser.add_argument("--control", help="the FIFO; without it nothing but a signal ends this process")
    parser.add_argument("--report", action="append", default=[], metavar="NAME", help="a variable of the environment")
    parser.add_argument("--exit", type=int, help="end with this status at once")
    parser.add_argument("--exit-from", help="end with the status that is written in this file at once")
    parser.add_argument("--print", action="append", default=[], dest="texts", help="a line for stdout")
    parser.add_argument("--patient", action="store_true", help="SIGTERM is reported and nothing else")
    parser.add_argument("--append", help="a file that gets one line with the name")
    return parser.parse_args()


def umask():
    current = os.umask(0)
    os.umask(current)
    return current


def report_start(options):
    limits = {name: resource.getrlimit(number)[0] for name, number in LIMITS.items()}
    variables = {name: os.environ.get(name) for name in options.report}
    report("started", name=options.name, cwd=os.getcwd(), limits=limits, nice=os.nice(0), umask=umask(), variables=variables)


def end(options, status):
    report("ended", name=options.name, status=status)
    os._exit(status)


def install_signals(options):
    def on_signal(number, _frame):
        report("signal", name=options.name, signal=signal.Signals(number).name)
        if number in (signal.SIGINT, signal.SIGQUIT) or (number == signal.SIGTERM and not options.patient):
            end(options, 0)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, on_signal)


def notify(text):
    address = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(text.replace("|", "\n").encode(), "\0" + address[1:] if address.startswith("@") else address)


def burn():
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while True:
            pass


def obey(options, line, kept):
    verb, _, rest = line.partition(" ")
    if verb == "exit":
        end(options, int(rest))
    elif verb == "print":
        print(rest, flush=True)
    elif verb == "notify":
        notify(rest)
    elif verb == "touch":
        pathlib.Path(rest).touch()
    elif verb == "eat":
        kept.append(b"x" * int(rest))
    elif verb == "burn":
        burn()
    report("obeyed", name=options.name, line=line)


def lines_of(control):
    """One byte at a time: what is written for the next life of this worker stays in the FIFO."""
    descriptor = os.open(control, os.O_RDWR)
    line = b""
    while True:
        byte = os.read(descriptor, 1)
        if byte == b"\n":
            yield line.decode()
            line = b""
        else:
            line += byte


def main():
    options = parse_arguments()
    install_signals(options)
    for text in options.texts:
        print(text, flush=True)
    if options.append:
        with open(options.append, "a", encoding="utf-8") as file:
            file.write(f"{options.name}\n")
    report_start(options)
    if options.exit is not None:
        end(options, options.exit)
    if options.exit_from:
        end(options, int(pathlib.Path(options.exit_from).read_text(encoding="utf-8")))
    kept = []
    while not options.control:
        select.select([], [], [])
    for line in lines_of(options.control):
        obey(options, line, kept)


if __name__ == "__main__":
    main()
