"""A stand-in for a backend or frontend: a tiny HTTP server whose bad habits are chosen on the command line.

GET /            {"name", "pid", "port", "cwd"} as JSON
GET /env/NAME    the variable's value in this process, or 404
GET /print/TEXT  prints TEXT on stdout
GET /exit/N      exits with status N
"""

import argparse
import json
import os
import select
import signal
import socket
import sys
import urllib.parse

from reporting import report


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default=os.environ.get("DEVINIT_SERVICE", "stub"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "0")))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--other-port", type=int, help="listen here instead of on the given port")
    parser.add_argument("--no-reuseaddr", action="store_true")
    parser.add_argument("--bind-delay", type=float, default=0, help="seconds between start and bind")
    parser.add_argument("--never-listen", action="store_true")
    parser.add_argument("--crash", action="store_true", help="exit before listening")
    parser.add_argument("--crash-after", type=float, help="exit so many seconds after listening")
    parser.add_argument("--exit-code", type=int, default=1)
    parser.add_argument("--ignore-term", action="store_true")
    parser.add_argument("--setsid", action="store_true", help="listen in a child with a session of its own; the first process waits")
    parser.add_argument("--double-fork", action="store_true", help="listen in a daemonised grandchild; the first process exits")
    parser.add_argument("--title-overwrite", action="store_true")
    parser.add_argument("--print-lines", type=int, default=0)
    parser.add_argument("--print-text", action="append", default=[], help="a line for stdout")
    parser.add_argument("--partial-text", default="", help="for stdout, without a newline")
    parser.add_argument("--read-file", help="report the content of this file at start")
    parser.add_argument("--close-output", action="store_true", help="close stdout and stderr once listening")
    return parser.parse_args()


def become_grandchild():
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)


def listen_in_session_child():
    child = os.fork()
    if child == 0:
        os.setsid()
        return
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.waitpid(child, 0)
    os._exit(0)


def install_signals(options):
    def on_signal(number, _frame):
        report("signal", name=options.name, signal=signal.Signals(number).name)
        if not (options.ignore_term and number == signal.SIGTERM):
            os._exit(0)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, on_signal)


def print_start(options):
    for number in range(1, options.print_lines + 1):
        print(f"line {number}")
    for text in options.print_text:
        print(text)
    print(options.partial_text, end="", flush=True)


def open_listener(options):
    server = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET, socket.SOCK_STREAM)
    if not options.no_reuseaddr:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((options.host, options.other_port or options.port))
    server.listen(64)
    return server


def answer(options, path):
    """(status, body) of one request; `/exit` does not return."""
    verb, _, rest = urllib.parse.unquote(path.lstrip("/")).partition("/")
    if verb == "env":
        return (200, os.environ[rest]) if rest in os.environ else (404, "")
    if verb == "print":
        print(rest, flush=True)
    elif verb == "exit":
        os._exit(int(rest))
    port = options.other_port or options.port
    return 200, json.dumps({"name": options.name, "pid": os.getpid(), "port": port, "cwd": os.getcwd()})


def serve(options, server):
    while select.select([server], [], [], options.crash_after)[0]:
        client, _ = server.accept()
        with client:
            words = client.recv(4096).decode(errors="replace").split()
            if len(words) < 2:
                continue
            status, body = answer(options, words[1])
            data = body.encode()
            client.sendall(f"HTTP/1.1 {status} .\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data)
    os._exit(options.exit_code)


def wait_for_end(seconds=None):
    select.select([], [], [], seconds)


def main():
    options = parse_arguments()
    install_signals(options)
    file_text = None
    if options.read_file:
        with open(options.read_file, encoding="utf-8") as file:
            file_text = file.read()
    report("started", name=options.name, port=options.port, file=file_text, cwd=os.getcwd())
    print_start(options)
    if options.crash:
        sys.exit(options.exit_code)
    if options.double_fork:
        become_grandchild()
    if options.setsid:
        listen_in_session_child()
    if options.title_overwrite:
        from title import overwrite_title_area

        overwrite_title_area("stub: titled")
    if options.bind_delay:
        wait_for_end(options.bind_delay)
    if options.never_listen:
        while True:
            wait_for_end()
    server = open_listener(options)
    report("listening", name=options.name, port=options.other_port or options.port)
    if options.close_output:
        os.close(1)
        os.close(2)
    serve(options, server)


if __name__ == "__main__":
    main()
