"""Talking with a running command, over a pipe or a pseudo-terminal."""

import os
import re
import select
import signal
import time

from waiting import PATIENCE


class Conversation:
    """A running command and the text it prints; on a pseudo-terminal it can be typed to."""

    def __init__(self, process, reader, terminal):
        self.process = process
        self.text = ""
        self._reader = reader
        self._terminal = terminal
        self._position = 0
        self._ended = False

    def expect(self, pattern, timeout=PATIENCE):
        """Waits for text that matches, after what earlier calls matched."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.compile(pattern, re.MULTILINE).search(self.text, self._position)
            if match:
                self._position = match.end()
                return match
            if self._ended or not self._read(deadline):
                raise AssertionError(f"no {pattern!r} in:\n{self.text[self._position:]}\n(all of it: {self.text!r})")

    def send(self, text):
        assert self._terminal, "only a terminal can be typed to"
        os.write(self._reader, text.encode())

    def interrupt(self):
        """Ctrl-C on a terminal, SIGINT elsewhere."""
        if self._terminal:
            self.send("\x03")
        else:
            self.process.send_signal(signal.SIGINT)

    def hang_up(self):
        """Closes the terminal, as a closed window does."""
        os.close(self._reader)
        self._reader = -1

    def wait(self, timeout=PATIENCE):
        """The exit code; everything printed until then is in `text`."""
        deadline = time.monotonic() + timeout
        watch = os.pidfd_open(self.process.pid) if self.process.returncode is None else -1
        try:
            while self.process.poll() is None:
                sources = [watch] + ([self._reader] if self._reader >= 0 and not self._ended else [])
                readable = select.select(sources, [], [], max(deadline - time.monotonic(), 0))[0]
                if not readable:
                    raise AssertionError(f"{self.process.args} is still running; it printed:\n{self.text}")
                if self._reader in readable:
                    self._read(deadline)
        finally:
            if watch >= 0:
                os.close(watch)
        while self._reader >= 0 and not self._ended and self._read(time.monotonic()):
            pass
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._reader >= 0:
            self.hang_up()

    def _read(self, deadline):
        """One more piece of text; False when there was none before the deadline."""
        if not select.select([self._reader], [], [], max(deadline - time.monotonic(), 0))[0]:
            return False
        try:
            piece = os.read(self._reader, 65536)
        except OSError:  # EIO: the last process on the terminal is gone
            piece = b""
        self._ended = not piece
        self.text += piece.decode(errors="replace")
        return not self._ended
