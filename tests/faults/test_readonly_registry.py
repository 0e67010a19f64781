"""A real registry that takes nothing: ``maintenance: readonly``, as its operators turn it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import RegistryFailed
from stagebuild.model import CacheEntry, Output
from tests.faults.lab import BACKENDS, Lab
from tests.ownregistry import own_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

NOWHERE = (Output(type="cacheonly"),)


@pytest.fixture(params=BACKENDS)
def lab(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Iterator[Lab]:
    """A lab whose registry had an image and a cache when it became read-only."""
    made = Lab(backend=request.param, environ=engine.env, registry="", folder=tmp_path / "context")
    made.folder.mkdir()
    storage = tmp_path / "registry"
    with own_registry(storage) as made.registry:
        made.push_image("base")
    with own_registry(storage, read_only=True) as made.registry:
        yield made


def test_a_push_fails_at_the_first_attempt_in_the_registrys_words(lab: Lab) -> None:
    tags = (f"{lab.registry}/shop:1",)
    _, error = lab.build(lab.spec("FROM scratch\nCOPY file /\n", tags=tags, push=True))
    assert isinstance(error, RegistryFailed)
    assert len(error.attempts) == 1
    assert "405 Method Not Allowed" in error.message


def test_what_it_has_is_pulled_and_a_cache_that_it_refuses_is_a_warning(lab: Lab) -> None:
    ref = f"{lab.registry}/shop:cache"
    cache = (CacheEntry(type="registry", attributes={"ref": ref}),)
    text = f"FROM {lab.registry}/base:1\nCOPY file /\n"
    result, error = lab.build(lab.spec(text, cache_to=cache, outputs=NOWHERE))
    assert error is None
    assert result is not None
    assert len(result.attempts) == 1
    (warning,) = [each.message for each in result.warnings if ref in each.message]
    assert "405" in warning
