"""Runnable copies of the examples. Of fastapi-next, the npm packages are installed once per lock file and then linked into each copy."""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = REPOSITORY / "examples"
EXAMPLE = EXAMPLES / "fastapi-next"
CACHE = pathlib.Path(os.environ.get("DEVINIT_TEST_CACHE") or REPOSITORY / "build" / "test-cache")
NOT_COPIED = shutil.ignore_patterns("node_modules", ".next", ".venv", ".data", ".devinit", ".env.runtime", ".ports.json", "__pycache__")


def installed_packages():
    """A folder with the example's node_modules, made by `npm ci` on first use."""
    lock_file = EXAMPLE / "frontend" / "package-lock.json"
    folder = CACHE / f"npm-{hashlib.sha256(lock_file.read_bytes()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs of the suite may share the cache
        if not (folder / "complete").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(EXAMPLE / "frontend" / name, folder)
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, stdout=sys.stderr)
            (folder / "complete").touch()
    return folder / "node_modules"


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def copy_onto_block(name, project):
    """Fills the project's folder with the example `name`, on ports of the project's block; returns which port became which."""
    shutil.copytree(EXAMPLES / name, project.root, ignore=NOT_COPIED, dirs_exist_ok=True)
    ports = {}

    def moved(match):
        return match[1] + str(ports.setdefault(int(match[2]), project.block[3 * len(ports)]))  # room for replicas

    for path in pathlib.Path(project.root).rglob("devinit.json"):
        path.write_text(re.sub(r'("port": )(\d+)', moved, path.read_text(encoding="utf-8")), encoding="utf-8")
    return ports


def make_copy(root):
    """Fills the existing folder `root` with the example, ready to run on the distribution's FastAPI and uvicorn."""
    shutil.copytree(EXAMPLE, root, ignore=NOT_COPIED, dirs_exist_ok=True)
    shutil.copytree(
        installed_packages(), os.path.join(root, "frontend", "node_modules"), symlinks=True, copy_function=link_or_copy
    )
    venv = os.path.join(root, "backend", ".venv")
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", venv], check=True)
