"""The Flask application: one page, a small API, redirects and a health check."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, abort, jsonify, redirect, render_template, request, url_for

from shortlinks.settings import Settings
from shortlinks.store import Store

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

A_YEAR_S = 365 * 24 * 3600


def create_app(settings: Settings | None = None) -> Flask:
    """Return the WSGI application; without settings, those of the process environment."""
    settings = settings or Settings.from_environ(os.environ)
    logging.basicConfig(level=settings.log_level.upper())
    store = Store(settings.database)
    app = Flask(__name__, static_folder=settings.assets.resolve(), static_url_path="/static")
    # The asset build puts a hash of the content into every file name.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = A_YEAR_S
    manifest = json.loads((settings.assets / "manifest.json").read_text(encoding="utf-8"))

    @app.context_processor
    def page_values() -> dict[str, Any]:
        return {
            "environment": settings.environment,
            "asset": lambda name: url_for("static", filename=manifest[name]),
        }

    @app.get("/")
    def page() -> str:
        return render_template("page.html", links=store.newest())

    @app.post("/")
    def shorten() -> Response:
        store.add(checked_url(request.form.get("url")))
        return redirect(url_for("page"), HTTPStatus.SEE_OTHER)

    @app.get("/api/links")
    def list_links() -> Response:
        return jsonify([asdict(link) for link in store.newest()])

    @app.post("/api/links")
    def add_link() -> tuple[Response, HTTPStatus]:
        body = request.get_json(silent=True)
        url = body.get("url") if isinstance(body, dict) else None
        return jsonify(asdict(store.add(checked_url(url)))), HTTPStatus.CREATED

    @app.get("/<code>")
    def follow(code: str) -> Response:
        link = store.visit(code)
        if link is None:
            abort(HTTPStatus.NOT_FOUND)
        return redirect(link.url)

    @app.get("/healthz")
    def health() -> Response:
        store.ping()
        return jsonify(status="ok", environment=settings.environment)

    return app


def checked_url(url: object) -> str:
    """Return ``url`` when it is an absolute http(s) one; answer 400 otherwise."""
    parts = urlsplit(url.strip()) if isinstance(url, str) else urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        abort(HTTPStatus.BAD_REQUEST, "an absolute http or https URL is needed")
    return parts.geturl()
