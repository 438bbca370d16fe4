"""A backend in the Python standard library: serves JSON on $PORT to the frontend of this checkout."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RUNTIME_ENV = Path(__file__).resolve().parent.parent / ".env.runtime"


def runtime_env():
    """The variables of .env.runtime: one NAME=value per line, nothing is quoted."""
    if not RUNTIME_ENV.is_file():
        return {}
    lines = RUNTIME_ENV.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def allowed_origins():
    """To a browser localhost and 127.0.0.1 are two origins, and people open both."""
    port = runtime_env().get("FRONTEND_PORT", "3000")
    return {f"http://localhost:{port}", f"http://127.0.0.1:{port}"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"message": "Hello from the backend", "port": self.server.server_port}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        origin = self.headers.get("Origin")
        if origin in allowed_origins():
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Vary", "Origin")
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler)
    print(f"backend listens on http://localhost:{server.server_port}")
    server.serve_forever()
