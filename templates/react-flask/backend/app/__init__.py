"""The backend: an application factory, so that tests and servers make an application each."""

import os

from flask import Flask, Response, request

from .api import api


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["ALLOWED_ORIGINS"] = allowed_origins()
    app.register_blueprint(api, url_prefix="/api")
    app.after_request(lambda response: allow_frontend(app, response))
    return app


def allowed_origins() -> set[str]:
    """The frontend's page under both of its names: to a browser localhost and 127.0.0.1 are two origins."""
    port = os.environ.get("FRONTEND_PORT", "{{frontend_port}}")
    return {f"http://localhost:{port}", f"http://127.0.0.1:{port}"}


def allow_frontend(app: Flask, response: Response) -> Response:
    """Pages of other origins must not read the answers; the frontend's proxy needs no permission."""
    origin = request.headers.get("Origin")
    if origin in app.config["ALLOWED_ORIGINS"]:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
        response.vary.add("Origin")
    return response
