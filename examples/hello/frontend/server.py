"""A frontend in the Python standard library: one page that asks the backend twice, from the server and from the browser."""

import html
import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BACKEND_URL = os.environ.get("BACKEND_URL", "http://localhost:8000")

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>hello</title>
<h1>hello</h1>
<p>The server asked the backend: <b id="server-message">{message}</b></p>
<p>Your browser asked the backend: <b id="message">…</b></p>
<p>The backend listens on <code>{backend_url}</code>.</p>
<script>
  const show = (text) => (document.getElementById("message").textContent = text);
  fetch({backend_url_js})
    .then((response) => response.json())
    .then((body) => show(body.message))
    .catch((error) => show(error.message));
</script>
"""


def backend_message():
    """The page must come up while the backend is still starting, so a failure is text like any other."""
    try:
        with urllib.request.urlopen(BACKEND_URL, timeout=2) as response:
            return json.load(response)["message"]
    except (OSError, ValueError) as error:
        return f"{BACKEND_URL} does not answer ({error})"


def page():
    replacements = {
        "{message}": html.escape(backend_message()),
        "{backend_url}": html.escape(BACKEND_URL),
        "{backend_url_js}": json.dumps(BACKEND_URL),
    }
    text = PAGE
    for name, value in replacements.items():
        text = text.replace(name, value)
    return text.encode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/":
            self.send_error(404)
            return
        body = page()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Handler)
    print(f"frontend listens on http://localhost:{server.server_port}")
    server.serve_forever()
