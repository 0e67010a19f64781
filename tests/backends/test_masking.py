"""No secret leaves a build: whatever a step prints, and however its output is cut."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.masking import EventMask, MaskingBackend
from stagebuild.model import Attestation, HistoryEntry, ImageFacts, Project, Secret
from stagebuild.progress.events import (
    Event,
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.testing import IMAGE, Script, ScriptedBackend, ran

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

from stagebuild.planning.spec import BuildPlan, BuildSpec
from stagebuild.runner import execute

SECRET = "hunter2-canary"


def spec(tmp_path: Path, **changes: object) -> BuildSpec:
    fields: dict[str, object] = {
        "name": "prod",
        "root": tmp_path,
        "context": str(tmp_path),
        "dockerfile": str(tmp_path / "Dockerfile"),
        "dockerfile_shown": "Dockerfile",
        "target": "prod",
        "secrets": {"token": Secret(env="TOKEN")},
    }
    return BuildSpec(**(fields | changes))  # type: ignore[arg-type]  # fields of the spec


def chunks(*parts: bytes) -> list[Event]:
    return [LogChunk(vertex="v", stream=1, data=part) for part in parts]


def masked(events: Sequence[Event], *secrets: str) -> list[Event]:
    mask = EventMask(secrets or [SECRET])
    return [clean for event in events for clean in mask.feed(event)] + list(mask.close())


def printed(events: Sequence[Event]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, LogChunk))


@given(st.binary(), st.binary(), st.lists(st.integers(0, 60)))
def test_a_secret_is_masked_however_the_log_is_cut(
    before: bytes, after: bytes, cuts: list[int]
) -> None:
    whole = before + SECRET.encode() + after
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    pieces = [whole[start:end] for start, end in pairwise(places)]
    shown = printed(masked(chunks(*pieces)))
    assert SECRET.encode() not in shown
    assert shown == whole.replace(SECRET.encode(), b"***")


@given(st.lists(st.binary(max_size=20)))
def test_a_log_without_secrets_is_the_same_bytes(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    if SECRET.encode() not in whole:
        assert printed(masked(chunks(*pieces))) == whole


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert printed(masked(chunks(b"abcdefgh"), "abcd", "abcdefgh")) == b"***"


def test_two_streams_of_a_step_are_not_joined() -> None:
    events = [
        LogChunk(vertex="v", stream=1, data=b"hunter2-"),
        LogChunk(vertex="v", stream=2, data=b"canary"),
    ]
    assert printed(masked(events)) == b"canaryhunter2-"


def test_what_is_held_back_is_shown_when_the_step_ends() -> None:
    events = [*chunks(b"hunter2-"), ran("v", 0.0, 1.0)]
    assert [type(event) for event in masked(events)] == [LogChunk, VertexUpdate]


@pytest.mark.parametrize(
    "event",
    [
        VertexUpdate(digest="v", name=f"RUN {SECRET}", error=f"failed: {SECRET}"),
        WarningRaised(vertex="v", short=SECRET, detail=(SECRET,)),
        PlainLine(text=f"ERROR: {SECRET}"),
        StatusUpdate(vertex="v", id=SECRET),
    ],
)
def test_no_field_of_any_event_shows_a_secret(event: Event) -> None:
    assert SECRET not in repr(masked([event]))


def test_a_backend_is_told_nothing_less(tmp_path: Path) -> None:
    inner = ScriptedBackend(scripts={"prod": Script(events=chunks(SECRET.encode()))})
    seen: list[Event] = []
    MaskingBackend(inner, environ={"TOKEN": SECRET}).build(spec(tmp_path), seen.append, Cancel())
    assert printed(seen) == b"***"
    assert inner.built == [spec(tmp_path)]


def test_a_secret_from_a_file_is_masked_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"first-line\n{SECRET}\n")
    inner = ScriptedBackend(scripts={"prod": Script(events=chunks(f"x {SECRET} y".encode()))})
    seen: list[Event] = []
    given_file = spec(tmp_path, secrets={"key": Secret(file=str(tmp_path / "key"))})
    MaskingBackend(inner, environ={}).build(given_file, seen.append, Cancel())
    assert printed(seen) == b"x *** y"


def test_a_secret_like_build_arg_is_masked(tmp_path: Path) -> None:
    inner = ScriptedBackend(scripts={"prod": Script(events=chunks(SECRET.encode()))})
    seen: list[Event] = []
    args = spec(tmp_path, secrets={}, build_args={"API_TOKEN": SECRET})
    MaskingBackend(inner, environ={}).build(args, seen.append, Cancel())
    assert printed(seen) == b"***"


def test_a_failure_does_not_tell_the_secret(tmp_path: Path) -> None:
    inner = ScriptedBackend(scripts={"prod": Script(error=SolveFailed(f"echo {SECRET}: 1"))})
    with pytest.raises(SolveFailed) as caught:
        MaskingBackend(inner, environ={"TOKEN": SECRET}).build(
            spec(tmp_path), lambda _event: None, Cancel()
        )
    assert SECRET not in f"{caught.value} {caught.value.message} {caught.value!r}"


def test_the_history_of_the_image_does_not_tell_the_secret(tmp_path: Path) -> None:
    told = HistoryEntry(created_by=f"RUN |1 API_TOKEN={SECRET} make")
    facts = ImageFacts(history=(told,), compressed=False)
    inner = ScriptedBackend(scripts={"prod": Script(facts=facts)})
    backend = MaskingBackend(inner, environ={"TOKEN": SECRET})
    assert SECRET not in repr(backend.image_facts(spec(tmp_path), IMAGE))


@pytest.mark.parametrize("attributes", [{}, {"mode": "max", "version": "v1"}])
def test_no_provenance_tells_the_value_of_a_build_arg_that_looks_like_a_secret(
    tmp_path: Path, attributes: dict[str, str]
) -> None:
    scripted = ScriptedBackend()
    asked = Attestation(type="provenance", attributes=attributes)
    secret = spec(tmp_path, attestations=(asked,), build_args={"API_TOKEN": SECRET, "A": "b"})
    harmless = spec(tmp_path, attestations=(asked,), build_args={"A": "b"})
    for each in (secret, harmless):
        MaskingBackend(scripted, environ={}).build(each, lambda _: None, Cancel())
    least, whole = [built.attestations[0].attributes for built in scripted.built]
    assert least == {**attributes, "mode": "min"}
    assert whole == attributes


def test_that_provenance_tells_less_is_a_warning_that_names_the_build_arg(tmp_path: Path) -> None:
    asked = (Attestation(type="provenance", attributes={"mode": "max"}),)
    built = spec(tmp_path, attestations=asked, build_args={"API_TOKEN": SECRET}, secrets={})
    plan = BuildPlan(project=Project(), specs=(built,))
    (warning,) = execute(plan, backend=ScriptedBackend())["prod"].warnings
    assert "API_TOKEN looks like a secret" in warning.message
    assert SECRET not in warning.message
