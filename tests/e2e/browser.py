"""A page as a person sees it: after the browser has run its scripts and fetched what they fetch."""

import os
import shutil
import subprocess
import tempfile

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)


def find_browser():
    return next((path for path in map(shutil.which, NAMES) if path), None)


def rendered(url, seconds=30):
    """The document at `url` as HTML once the page has had `seconds` of its own (virtual) time; that clock stands still while the network works."""
    with tempfile.TemporaryDirectory(prefix="dit-browser-", ignore_cleanup_errors=True) as profile:
        command = [find_browser(), *FLAGS, f"--user-data-dir={profile}", f"--virtual-time-budget={seconds * 1000}", "--dump-dom", url]
        environment = {"HOME": profile, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        result = subprocess.run(command, capture_output=True, timeout=180, env=environment, check=False)
    return result.stdout.decode(errors="replace")
