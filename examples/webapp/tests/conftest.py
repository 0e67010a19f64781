from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from shortlinks import create_app
from shortlinks.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    manifest = {"main.css": "main-1.css", "main.js": "main-1.js"}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "main-1.css").write_text("main { color: red }")
    settings = Settings(environment="test", database=tmp_path / "test.db", assets=tmp_path)
    return create_app(settings).test_client()
