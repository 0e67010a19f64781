"""A cache can cost time, and nothing else: exports that may fail, culprits left out, rotation."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.cachecare import CacheCaringBackend
from stagebuild.backends.localcaches import rotate
from stagebuild.backends.retrying import RetryingBackend
from stagebuild.failures import cache_warnings
from stagebuild.model import CacheEntry, Project
from stagebuild.planning.spec import BuildPlan
from stagebuild.progress.events import AttemptFailed, WarningRaised
from stagebuild.runner import execute
from stagebuild.testing import IMAGE, Script, ScriptedBackend, ran

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY = CacheEntry(type="registry", attributes={"ref": "r.example/shop:cache"})
LOCAL = CacheEntry(type="local", attributes={"src": "/cache"})


BLOB = "https://r.example/v2/shop/blobs/sha256:ab"
UNREAD = "failed to compute cache key: failed to copy: httpReadSeeker: failed open"


def built(backend: Any, spec: Any) -> list[Any]:
    events: list[Any] = []
    retrying = RetryingBackend(backend, pause=lambda *_: None)
    assert retrying.build(spec, events.append, Cancel()) is IMAGE
    return events


def test_an_export_may_fail_without_the_build(spec_of: Any) -> None:
    backend = ScriptedBackend()
    CacheCaringBackend(backend).build(spec_of(cache_to=(REGISTRY,)), lambda _: None, Cancel())
    assert backend.built[0].cache_to[0].attributes["ignore-error"] == "true"


def test_what_the_user_says_of_errors_wins(spec_of: Any) -> None:
    strict = CacheEntry.parse("type=registry,ref=r/a:c,ignore-error=false")
    backend = ScriptedBackend()
    CacheCaringBackend(backend).build(spec_of(cache_to=(strict,)), lambda _: None, Cancel())
    assert backend.built[0].cache_to == (strict,)


def test_an_inline_cache_is_left_as_it_is(spec_of: Any) -> None:
    backend = ScriptedBackend()
    spec = spec_of(cache_to=(CacheEntry(type="inline"),))
    CacheCaringBackend(backend).build(spec, lambda _: None, Cancel())
    assert backend.built[0].cache_to == (CacheEntry(type="inline"),)


def test_a_folder_that_can_not_be_made_is_left_out_with_a_warning(
    spec_of: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    entry = CacheEntry(type="local", attributes={"dest": str(tmp_path / "file" / "cache")})
    backend = ScriptedBackend()
    events: list[Any] = []
    CacheCaringBackend(backend).build(spec_of(cache_to=(entry,)), events.append, Cancel())
    assert backend.built[0].cache_to == ()
    (warning,) = events
    assert isinstance(warning, WarningRaised)
    assert "Not a directory" in warning.short


def test_a_failed_export_is_built_again_without_it_whatever_the_retries(
    failing: Any, spec_of: Any
) -> None:
    export = ran("exporting cache to registry", 0.0, 1.0, error="error writing layer blob: 403")
    backend = failing(([export], SolveFailed("failed to solve: x", exit_code=1)), ([], None))
    events = built(backend, spec_of(cache_to=(REGISTRY,), cache_from=(REGISTRY,), retries=0))
    assert [len(spec.cache_to) for spec in backend.built] == [1, 0]
    assert [len(spec.cache_from) for spec in backend.built] == [1, 1]
    _, failed, warning = events
    assert isinstance(failed, AttemptFailed)
    assert failed.cause == "cache"
    assert "registry r.example/shop:cache" in warning.short


@pytest.mark.parametrize(
    "words",
    [
        f"{UNREAD}: unexpected status from GET request to {BLOB}: 404 Not Found",
        f'{UNREAD}: failed to do request: Get "{BLOB}": EOF',
    ],
)
def test_a_cached_layer_that_can_not_be_fetched_is_built_instead(spec_of: Any, words: str) -> None:
    class Cached(ScriptedBackend):
        def build(self, spec: Any, emit: Any, cancel: Cancel) -> Any:
            if spec.cache_from:
                emit(ran("[2/2] RUN x", 0.0, 1.0, error=words))
                raise SolveFailed(words, exit_code=1)
            return super().build(spec, emit, cancel)

    backend = Cached()
    built(backend, spec_of(cache_from=(REGISTRY,), retries=1))
    assert backend.built[-1].cache_from == ()


def test_a_corrupt_local_cache_is_left_out(failing: Any, spec_of: Any) -> None:
    words = "failed to compute cache key: failed to copy: content digest sha256:ab: not found"
    step = ran("[2/2] RUN x", 0.0, 1.0, error=words)
    backend = failing(([step], SolveFailed(words, exit_code=1)), ([], None))
    built(backend, spec_of(cache_from=(LOCAL, REGISTRY)))
    assert backend.built[-1].cache_from == (REGISTRY,)


def test_a_failing_step_is_not_blamed_on_a_cache(failing: Any, spec_of: Any) -> None:
    words = 'process "/bin/sh -c x" did not complete successfully: exit code: 1'
    step = ran("[2/2] RUN x", 0.0, 1.0, error=words)
    backend = failing(([step], SolveFailed(words)))
    with pytest.raises(SolveFailed):
        built(backend, spec_of(cache_from=(REGISTRY,)))
    assert len(backend.built) == 1


def test_a_refused_push_is_not_blamed_on_a_cache_in_the_same_repository(
    failing: Any, spec_of: Any
) -> None:
    words = "failed to push r.example/shop:1: unexpected status from POST request to"
    words += " https://r.example/v2/shop/blobs/uploads/: 403 Forbidden"
    step = ran("exporting to image", 0.0, 1.0, error=words)
    backend = failing(([step], SolveFailed(words)))
    with pytest.raises(SolveFailed):
        built(backend, spec_of(cache_from=(REGISTRY,)))
    assert len(backend.built) == 1


def run_of(spec: Any, *events: Any) -> Any:
    backend = ScriptedBackend(scripts={"prod": Script(events=events)})
    return execute(BuildPlan(project=Project(), specs=(spec,)), backend=backend)["prod"]


def test_the_result_says_what_became_of_each_cache(spec_of: Any) -> None:
    result = run_of(
        spec_of(),
        ran("importing cache manifest from r/a:main", 0.0, 0.5),
        ran("importing cache manifest from r/a:new", 0.0, 0.1, error="r/a:new: not found"),
        ran("exporting cache to registry", 1.0, 3.0, error="error writing layer blob: 403"),
    )
    assert [(use.direction, use.place, use.outcome) for use in result.caches] == [
        ("import", "r/a:main", "used"),
        ("import", "r/a:new", "empty"),
        ("export", "exporting cache to registry", "failed"),
    ]


def test_a_cache_that_failed_is_one_warning_with_place_reason_and_cost(spec_of: Any) -> None:
    error = "failed to configure registry cache importer: connection refused"
    result = run_of(spec_of(), ran("importing cache manifest from r/a:b", 0.0, 1.5, error=error))
    (warning,) = result.warnings
    assert "r/a:b" in warning.message
    assert "connection refused" in warning.message
    assert "1.5 s" in warning.message


def test_a_cache_that_nobody_has_written_yet_is_no_warning(spec_of: Any) -> None:
    row = ran("importing cache manifest from r/a:b", 0.0, 0.1, error="r/a:b: not found")
    assert cache_warnings(run_of(spec_of(), row).timeline) == ()


def blob(folder: Path, name: str, content: bytes, *, age_s: float = 7200.0) -> None:
    path = folder / "blobs" / "sha256" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - age_s,) * 2)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    layer, manifest = "1" * 64, "2" * 64
    text = json.dumps({"layers": [{"digest": f"sha256:{layer}"}]}).encode()
    blob(tmp_path, layer, b"\x1f\x8blayer")
    blob(tmp_path, manifest, text)
    index = {"manifests": [{"digest": f"sha256:{manifest}"}]}
    (tmp_path / "index.json").write_text(json.dumps(index))
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name[:1] for path in (folder / "blobs" / "sha256").iterdir()}


def test_what_nothing_refers_to_goes_from_a_local_cache(cache: Path) -> None:
    blob(cache, "3" * 64, b"old layer")
    assert rotate(str(cache)) == len(b"old layer")
    assert names(cache) == {"1", "2"}


def test_what_another_build_may_be_about_to_refer_to_stays(cache: Path) -> None:
    blob(cache, "3" * 64, b"new layer", age_s=5.0)
    assert rotate(str(cache)) == 0
    assert names(cache) == {"1", "2", "3"}


@pytest.mark.parametrize("index", ["", "{", "[]", "{}", '{"manifests": []}'])
def test_a_cache_without_a_readable_index_is_left_alone(cache: Path, index: str) -> None:
    (cache / "index.json").write_text(index)
    assert rotate(str(cache)) == 0
    assert names(cache) == {"1", "2"}


def test_a_folder_that_is_no_cache_is_left_alone(tmp_path: Path) -> None:
    assert rotate(str(tmp_path / "nothing")) == 0
