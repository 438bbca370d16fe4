"""A web server whose mood is in a file: the status with which it answers, read anew for each request; `hang` for no answer at all.

Each request is reported with its path and its headers.
"""

import argparse
import http.server
import os
import pathlib
import select

from reporting import report


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default=os.environ.get("DEVINIT_SERVICE", "moody"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "0")))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--mood", help="the file; without it the answer is 200")
    return parser.parse_args()


OPTIONS = parse_arguments()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        mood = pathlib.Path(OPTIONS.mood).read_text(encoding="utf-8").strip() if OPTIONS.mood else "200"
        report("request", name=OPTIONS.name, path=self.path, headers=dict(self.headers), mood=mood)
        while mood == "hang":
            select.select([], [], [])
        self.send_response(int(mood))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    report("started", name=OPTIONS.name)
    server = http.server.ThreadingHTTPServer((OPTIONS.host, OPTIONS.port), Handler)
    server.daemon_threads = True
    report("listening", name=OPTIONS.name, port=OPTIONS.port)
    server.serve_forever()


if __name__ == "__main__":
    main()
