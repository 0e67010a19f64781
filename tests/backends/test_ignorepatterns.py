"""Patterns that no engine can read are refused before a build, by file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel
from stagebuild.backends.buildx import BuildxBackend
from stagebuild.backends.ignorepatterns import check_patterns
from stagebuild.backends.sdk import SdkBackend
from stagebuild.errors import ContextError
from tests.specs import local_spec

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("pattern", ["[a", "a\\", "!", "docs/[z-a]["])
def test_a_pattern_that_means_nothing_is_refused_with_its_line(
    pattern: str, tmp_path: Path
) -> None:
    (tmp_path / ".dockerignore").write_text(f"fine\n# words\n{pattern}\n")

    with pytest.raises(ContextError) as caught:
        check_patterns(local_spec(tmp_path))

    assert (caught.value.path, caught.value.line) == (str(tmp_path / ".dockerignore"), 3)


def test_the_dockerfiles_own_file_is_the_one_that_counts(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("[a\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("fine\n")

    check_patterns(local_spec(tmp_path))


def test_a_named_folder_has_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / ".dockerignore").write_text("[a\n")
    contexts = {"base": "docker-image://busybox", "words": "docs"}

    with pytest.raises(ContextError, match=r"docs/\.dockerignore"):
        check_patterns(local_spec(tmp_path, contexts=contexts))


def test_a_context_that_the_engine_fetches_has_none_here(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("[a\n")
    fetched = local_spec(tmp_path, context="https://example.test/x.git")

    check_patterns(fetched)


@pytest.mark.engine
@pytest.mark.parametrize("backend", [SdkBackend, BuildxBackend])
def test_neither_backend_starts_such_a_build(backend: Any, engine: Any, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nCOPY a /\n")
    (tmp_path / ".dockerignore").write_text("[a\n")
    events: list[Any] = []

    with pytest.raises(ContextError, match="dockerignore"):
        backend(environ=engine.env).build(local_spec(tmp_path), events.append, Cancel())

    assert not events
