"""What the backend answers below /api."""

import os

from flask import Blueprint

api = Blueprint("api", __name__)


@api.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@api.get("/hello")
def hello() -> dict[str, str]:
    return {"message": f"Hello from {os.environ.get('PROJECT_NAME', '{{PROJECT_NAME}}')}"}
