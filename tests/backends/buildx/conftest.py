"""Specs and small programs for tests that need no engine."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.planning.spec import BuildSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., BuildSpec]:
    """Makes a spec of a project in the test's folder, with the fields given."""

    def make(**fields: Any) -> BuildSpec:
        decided: dict[str, Any] = {
            "name": "prod",
            "root": tmp_path,
            "context": str(tmp_path),
            "dockerfile": str(tmp_path / "Dockerfile"),
            "dockerfile_shown": "Dockerfile",
            "target": None,
        }
        return BuildSpec(**{**decided, **fields})

    return make


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Makes a program of Python source, and returns its path."""

    def make(source: str, name: str = "program") -> str:
        path = tmp_path / name
        path.write_text(f"#!{sys.executable} -S\n{source}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make
