"""Caches that are half-written, corrupt, of another version, or none: they cost time at most."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from stagebuild.model import CacheEntry, Output
from tests.faults.lab import BACKENDS, Lab

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

TEXT = "FROM busybox\nRUN echo NONCE > /made\n"
NOTHING = (Output(type="cacheonly"),)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.buildkit.cacheconfig.v0"


@pytest.fixture(params=BACKENDS)
def lab(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Lab:
    folder = tmp_path / "project"
    folder.mkdir()
    return Lab(backend=request.param, environ=engine.env, registry=engine.registry, folder=folder)


def exported(lab: Lab) -> Path:
    """Return a local cache that was just exported."""
    folder = lab.folder.parent / "cache"
    entry = CacheEntry(type="local", attributes={"dest": str(folder)})
    _, error = lab.build(lab.spec(TEXT, cache_to=(entry,), outputs=NOTHING))
    assert error is None
    return folder


def cut_index(cache: Path) -> None:
    index = cache / "index.json"
    index.write_text(index.read_text()[:40])


def cut_blobs(cache: Path) -> None:
    for blob in (cache / "blobs" / "sha256").iterdir():
        blob.write_bytes(blob.read_bytes()[:30])


def no_blobs(cache: Path) -> None:
    for blob in (cache / "blobs" / "sha256").iterdir():
        blob.unlink()


def other_version(cache: Path) -> None:
    (cache / "oci-layout").write_text('{"imageLayoutVersion": "9.0.0"}')


def nothing_in_it(cache: Path) -> None:
    (cache / "index.json").unlink()


@pytest.mark.parametrize(
    "damage",
    [cut_index, cut_blobs, no_blobs, other_version, nothing_in_it],
    ids=lambda f: f.__name__,
)
def test_a_damaged_local_cache_costs_no_build(lab: Lab, damage: Callable[[Path], None]) -> None:
    folder = exported(lab)
    damage(folder)
    entry = CacheEntry(type="local", attributes={"src": str(folder)})
    to = CacheEntry(type="local", attributes={"dest": str(folder)})
    spec = lab.spec(TEXT, cache_from=(entry,), cache_to=(to,), outputs=NOTHING, no_cache=True)
    result, error = lab.build(spec)
    assert error is None
    assert result is not None
    told = [warning.message for warning in result.warnings]
    assert len(told) == (damage in (cut_index, cut_blobs))
    assert all(str(folder) in words for words in told)
    again = lab.spec(TEXT, cache_from=(entry,), outputs=NOTHING)
    result, _ = lab.build(again)
    assert result is not None
    assert [use.outcome for use in result.caches] == ["used"], "the export made it whole again"
    assert not result.warnings


def pushed(lab: Lab, manifest: dict[str, Any], media_type: str, blobs: tuple[bytes, ...]) -> str:
    """Put something that says it is a cache into the registry, and return its reference."""
    repository = f"faults/{lab.nonce}"
    for blob in blobs:
        lab.push_blob(repository, blob)
    url = f"http://{lab.registry}/v2/{repository}/manifests/cache"
    data = json.dumps({"schemaVersion": 2, "mediaType": media_type, **manifest}).encode()
    urlopen(Request(url, data=data, method="PUT", headers={"Content-Type": media_type})).close()
    return f"{lab.registry}/{repository}:cache"


def described(blob: bytes, media_type: str) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    return {"mediaType": media_type, "size": len(blob), "digest": digest}


@pytest.mark.parametrize(
    "config",
    [b'{"layers": 7}', b"not JSON", b'{"layers": [], "records": [{"digest": "x", "version": 9}]}'],
    ids=["another version", "garbage", "records that lead nowhere"],
)
def test_what_is_no_cache_of_ours_in_the_registry_costs_no_build(lab: Lab, config: bytes) -> None:
    manifest = {"config": described(config, CONFIG), "layers": []}
    ref = pushed(lab, manifest, MANIFEST, (config,))
    entry = CacheEntry(type="registry", attributes={"ref": ref})
    result, error = lab.build(lab.spec(TEXT, cache_from=(entry,), outputs=NOTHING))
    assert error is None
    assert result is not None
    (used,) = result.caches
    assert (used.outcome == "failed") == bool(result.warnings)
    for warning in result.warnings:
        assert ref in warning.message
        assert used.error in warning.message
        assert " s, " in warning.message, "what it cost"


def test_an_image_without_a_cache_costs_no_build(lab: Lab) -> None:
    lab.push_image(f"faults/{lab.nonce}")
    entry = CacheEntry(type="registry", attributes={"ref": f"{lab.registry}/faults/{lab.nonce}:1"})
    result, error = lab.build(lab.spec(TEXT, cache_from=(entry,), outputs=NOTHING))
    assert error is None
    assert result is not None
