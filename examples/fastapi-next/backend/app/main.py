"""A FastAPI backend that lets exactly one origin in: the frontend of this checkout, wherever devinit has put it."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

RUNTIME_ENV = Path(__file__).resolve().parents[2] / ".env.runtime"


def runtime_env() -> dict[str, str]:
    """The variables of .env.runtime: one NAME=value per line, nothing is quoted."""
    if not RUNTIME_ENV.is_file():
        return {}
    lines = RUNTIME_ENV.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def allowed_origins() -> list[str]:
    """To a browser localhost and 127.0.0.1 are two origins, and people open both."""
    port = runtime_env().get("FRONTEND_PORT", "3000")
    return [f"http://localhost:{port}", f"http://127.0.0.1:{port}"]


app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=allowed_origins(), allow_methods=["GET"])


@app.get("/health")
def health() -> dict[str, bool]:
    return {"ok": True}


@app.get("/message")
def message() -> dict[str, str]:
    return {"message": "Hello from FastAPI"}
