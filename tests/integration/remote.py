"""Remote control of the stub `worker`."""

import os

from harness import stub


class Remote:
    """The FIFO through which one worker is told what to do; `command` starts the worker. It ends with the test."""

    def __init__(self, project, name):
        self.project = project
        self.name = name
        self.path = os.path.join(project.temporary, f"{name}.control")
        os.mkfifo(self.path)
        os.chmod(self.path, 0o666)  # a worker may run as another user
        # Read and write: opening never waits, and a line that nobody has read yet is kept.
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        project.test.addCleanup(os.close, self._descriptor)

    def command(self, *arguments):
        return stub("worker", "--name", self.name, "--control", self.path, *arguments)

    def send(self, line):
        """Does not wait: for what the worker may not survive."""
        os.write(self._descriptor, f"{line}\n".encode())

    def tell(self, line, count=1):
        """Returns when the worker has obeyed (for the `count`-th time); at once when it is to end."""
        self.send(line)
        if not line.startswith("exit"):
            self.project.events.wait("obeyed", count=count, name=self.name, line=line)
