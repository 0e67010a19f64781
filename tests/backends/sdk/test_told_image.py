"""A response taken from what the engine tells, before it has written the build's record."""

from __future__ import annotations

import pickle
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel
from stagebuild.backends.sdk import SdkBackend
from stagebuild.backends.sdk.caches import Caches
from stagebuild.backends.sdk.outputs import Outputs
from stagebuild.backends.sdk.toldimage import LateMetadata, ToldImage, is_all
from stagebuild.buildkit.errors import ConnectionLost
from stagebuild.buildkit.messages import CacheEntry, Exporter, SolveResponse
from stagebuild.progress.events import StatusUpdate, VertexUpdate
from tests.backends.sdk.enginehistory import Record, history_of
from tests.specs import local_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event

MANIFEST, CONFIG = "sha256:" + "a" * 64, "sha256:" + "b" * 64
DIGEST, IMAGE_ID = "containerimage.digest", "containerimage.config.digest"
PATIENCE_S = 60.0


def vertex(name: str, *, ended: bool = True, cached: bool = True, error: str = "") -> VertexUpdate:
    return VertexUpdate(
        digest=name,
        name=name,
        started_s=1.0,
        completed_s=2.0 if ended else None,
        cached=cached,
        error=error,
    )


def export(*lines: str, ended: bool = True) -> list[Event]:
    statuses = [
        StatusUpdate(
            vertex="exporting to image", id=line, started_s=1.0, completed_s=2.0 if ended else None
        )
        for line in lines
    ]
    begun = vertex("exporting to image", ended=False)
    return [begun, *statuses, vertex("exporting to image")]


STORED = export("exporting layers", f"exporting manifest {MANIFEST}", f"exporting config {CONFIG}")


def told(events: list[Event]) -> dict[str, str] | None:
    image = ToldImage()
    for event in events:
        image.note(event)
    return image.answer()


def test_an_image_in_containerds_store_is_told_by_both_its_digests() -> None:
    assert told([vertex("[1/1] FROM x"), *STORED]) == {DIGEST: MANIFEST, IMAGE_ID: CONFIG}


@pytest.mark.parametrize(
    "name", ["[internal] load build context", "[auth] library/x", "resolve image config"]
)
def test_what_is_no_step_is_never_cached_and_no_reason_to_wait(name: str) -> None:
    assert told([vertex(name, cached=False), *STORED]) is not None


def test_a_base_image_that_was_looked_up_and_then_found_in_the_cache_did_not_run() -> None:
    base = "[1/2] FROM x"

    assert told([vertex(base, cached=False), vertex(base), *STORED]) is not None


def test_an_image_of_a_graph_driver_is_told_by_its_id() -> None:
    assert told(export(f"writing image {CONFIG}")) == {DIGEST: CONFIG, IMAGE_ID: CONFIG}


@pytest.mark.parametrize(
    "events",
    [
        [],
        [vertex("[1/1] FROM x")],
        STORED[:-1],
        [vertex("[2/2] RUN y", cached=False), *STORED],
        [vertex("[2/2] RUN y", ended=False), *STORED],
        [vertex("[2/2] RUN y", error="exit code: 1"), *STORED],
        [*STORED[:-1], vertex("exporting to image", error="disk full")],
        export(f"exporting manifest {MANIFEST}"),
        export(f"exporting manifest {MANIFEST}", f"exporting config {CONFIG}", ended=False),
        [*STORED, *export(f"exporting manifest {CONFIG}")],
        [*STORED, *export(f"exporting manifest list {CONFIG}")],
        [*STORED, *export(f"exporting attestation manifest {CONFIG}")],
        export("schreibe Manifest"),
    ],
    ids=[
        "nothing",
        "no export",
        "the export has not ended",
        "a step ran",
        "a step has not ended",
        "a step failed",
        "the export failed",
        "no configuration",
        "a part has not ended",
        "two images",
        "an index",
        "attestations",
        "unknown words",
    ],
)
def test_a_story_that_leaves_anything_open_tells_no_image(events: list[Event]) -> None:
    assert told(events) is None


@pytest.mark.parametrize(
    ("exporters", "caches", "expected"),
    [
        ((Exporter(type="moby"),), (), True),
        ((Exporter(type="image", attrs={"name": "x"}),), ("inline",), True),
        ((Exporter(type="moby", attrs={"push": "true"}),), (), False),
        ((Exporter(type="moby"),), ("registry",), False),
        ((Exporter(type="moby"), Exporter(type="local")), (), False),
        ((Exporter(type="oci"),), (), False),
        ((), (), False),
    ],
)
def test_only_a_build_for_one_image_in_the_store_ends_with_its_story(
    exporters: tuple[Exporter, ...], caches: tuple[str, ...], *, expected: bool
) -> None:
    outputs = Outputs(exporters, {}, (), pushed_here=False)
    exports = tuple(CacheEntry(type=kind) for kind in caches)

    assert is_all(outputs, Caches((), exports, {}, {}, ())) is expected


class Answering:
    """A build whose answer is there, or does not come."""

    def __init__(self, answer: Mapping[str, str] | None) -> None:
        self._answer = answer

    def response(self) -> SolveResponse:
        if self._answer is None:
            raise ConnectionLost("gone")
        return SolveResponse(exporter_response=self._answer)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({DIGEST: MANIFEST, "image.name": "x"}, {DIGEST: MANIFEST, "image.name": "x"}),
        (None, {DIGEST: MANIFEST}),
    ],
    ids=["answered", "the engine is gone"],
)
def test_metadata_is_the_answers_or_else_what_was_told(
    answer: Mapping[str, str] | None, expected: dict[str, str]
) -> None:
    running: Any = Answering(answer)

    metadata = LateMetadata(running, {DIGEST: MANIFEST})

    assert metadata == expected
    assert pickle.loads(pickle.dumps(metadata)) == expected


def record_of(engine: Any, label: str) -> Record | None:
    return next((each.record for each in history_of(engine, label)), None)


def spec_of(folder: Path, nonce: str, labels: Mapping[str, str]) -> BuildSpec:
    return local_spec(folder, f"FROM busybox\nRUN echo {nonce}\n", labels=labels)


@pytest.mark.engine
@pytest.mark.parametrize("name", ["26.1", "28.5"])
def test_a_build_that_nobody_waits_for_is_in_the_engines_history(
    name: str, engines: Callable[[str], Any], tmp_path: Path
) -> None:
    engine, first, label = engines(name), f"a{uuid.uuid4().hex}", f"told-{uuid.uuid4().hex}"
    backend = SdkBackend(environ=engine.env)
    backend.build(spec_of(tmp_path, first, {}), lambda _: None, Cancel())

    backend.build(spec_of(tmp_path, first, {label: "1"}), lambda _: None, Cancel())

    began_s, record = time.monotonic(), None
    while time.monotonic() - began_s < PATIENCE_S and (record is None or record.completed is None):
        record = record_of(engine, f"label:{label}")
    assert record is not None
    assert record.completed is not None
    assert record.error is None


@pytest.mark.engine
@pytest.mark.parametrize("name", ["26.1", "28.5"])
def test_what_was_told_is_what_the_engine_answers(
    name: str, engines: Callable[[str], Any], tmp_path: Path
) -> None:
    backend = SdkBackend(environ=engines(name).env)
    spec = spec_of(tmp_path, uuid.uuid4().hex, {})
    backend.build(spec, lambda _: None, Cancel())

    response = backend.build(spec, lambda _: None, Cancel())

    assert response.image_id == response.metadata[IMAGE_ID]
    if response.digest is not None:  # a graph driver makes no manifest
        descriptor = response.metadata["containerimage.descriptor"]
        assert isinstance(descriptor, dict)
        assert response.digest == descriptor["digest"]


@pytest.mark.engine
def test_a_build_right_after_another_tells_its_steps_as_cached(engine: Any, tmp_path: Path) -> None:
    backend = SdkBackend(environ=engine.env)
    spec = spec_of(tmp_path, uuid.uuid4().hex, {})
    backend.build(spec, lambda _: None, Cancel())
    runs: list[list[Event]] = [[], [], []]

    for events in runs:
        backend.build(spec, events.append, Cancel())

    for events in runs:
        steps = [event for event in events if isinstance(event, VertexUpdate)]
        assert any(step.cached for step in steps if "RUN" in step.name)
