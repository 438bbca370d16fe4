"""Runs a command with a real PostgreSQL server of its own: DEVINIT_TEST_POSTGRES is the URL of an empty database.

Without PostgreSQL the command runs without the variable, unless DEVINIT_REQUIRE_REAL_PARTS is set: then that is an error.

usage: with_postgres.py COMMAND [ARGUMENT…]
"""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "integration"))

import postgres_server

VARIABLE = "DEVINIT_TEST_POSTGRES"


def run(command, environment):
    code = subprocess.run(command, env=environment, check=False).returncode
    return code if code >= 0 else 128 - code


def main():
    command = sys.argv[1:]
    if not command:
        sys.exit(__doc__.strip())
    if VARIABLE in os.environ:
        return run(command, os.environ)
    missing = postgres_server.why_unavailable()
    if missing and os.environ.get("DEVINIT_REQUIRE_REAL_PARTS"):
        sys.exit(f"error: {missing}, and DEVINIT_REQUIRE_REAL_PARTS is set")
    if missing:
        print(f"warning: {missing}: running without it", file=sys.stderr)
        return run(command, os.environ)
    server = postgres_server.PostgresServer()
    try:
        return run(command, {**os.environ, VARIABLE: server.url(server.create_database())})
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
