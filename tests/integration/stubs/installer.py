"""A stand-in for npm, pnpm, yarn, uv …: installed under their names in a folder of PATH.

An installing command reports itself and creates what the real one would (node_modules, .venv). `run SCRIPT [-- ARGUMENTS]` starts the stub
listener on PORT, as a package's dev script would start a server.
"""

import os
import pathlib
import sys

from reporting import report

INSTALLED = {"uv": ".venv/bin/python"}


def option(name, arguments):
    """The value after `name`, as a dev server's own flag for the port, or None."""
    return arguments[arguments.index(name) + 1] if name in arguments else None


def main():
    tool = pathlib.Path(sys.argv[0]).name
    arguments = sys.argv[1:]
    report("installer", tool=tool, arguments=arguments, cwd=os.getcwd())
    if arguments and arguments[0] == "run":
        port = option("-p", arguments) or option("--port", arguments) or os.environ["PORT"]
        listener = pathlib.Path(__file__).resolve().parent / "listener.py"
        os.execv(sys.executable, [sys.executable, "-B", str(listener), "--name", "script", "--port", port])
    made = pathlib.Path(INSTALLED.get(tool, "node_modules/.installed"))
    fails = os.environ.get("STUB_INSTALL_FAILS")
    if fails != "1":
        made.parent.mkdir(parents=True, exist_ok=True)
    if fails:  # "half": after it has begun
        sys.exit("the registry cannot be reached")
    if tool == "uv":
        made.symlink_to(sys.executable)
    else:
        made.touch()


if __name__ == "__main__":
    main()
