"""Streams of real builds are read whole: every status understood, every plain line kept."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from stagebuild.progress.events import (
    Event,
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.progress.rawjson import read_events
from stagebuild.progress.vertexnames import parse_vertex_name

FOLDER = Path(__file__).parent / "recorded"
STREAMS = sorted(FOLDER.glob("*/*.jsonl.gz"))
ENGINES = ["26.1-containerd", "28.5"]

streams = pytest.mark.parametrize("path", STREAMS, ids=lambda p: f"{p.parent.name}/{p.name[:-9]}")
engines = pytest.mark.parametrize("engine", ENGINES)


def events_of(path: Path) -> list[Event]:
    return list(read_events([gzip.decompress(path.read_bytes())]))


def recorded(engine: str, name: str) -> list[Event]:
    return events_of(FOLDER / engine / f"{name}.jsonl.gz")


@streams
def test_every_entry_of_a_stream_becomes_an_event(path: Path) -> None:
    text = gzip.decompress(path.read_bytes()).decode()
    decoder, at, entries = json.JSONDecoder(), 0, 0
    while text.startswith("{", at):
        status, at = decoder.raw_decode(text, at)
        entries += sum(len(listed) for listed in status.values())
        at += 1  # the newline
    plain = text[at:].splitlines()

    events = events_of(path)
    assert [event.text for event in events if isinstance(event, PlainLine)] == plain
    assert len(events) == entries + len(plain)
    assert entries > 5


@streams
def test_every_time_of_a_stream_is_read(path: Path) -> None:
    for event in events_of(path):
        match event:
            case LogChunk() | StatusUpdate():
                assert event.at_s is not None
            case VertexUpdate(completed_s=None):
                pass
            case VertexUpdate():
                assert event.started_s is not None
                assert event.started_s <= (event.completed_s or 0)
            case _:
                pass


@streams
def test_every_name_of_a_stream_is_known(path: Path) -> None:
    names = {event.name for event in events_of(path) if isinstance(event, VertexUpdate)}
    assert [name for name in names if parse_vertex_name(name).kind == "other"] == []


@streams
def test_every_version_and_command_is_noted(path: Path) -> None:
    book = json.loads((FOLDER / "recorded.json").read_text())[path.parent.name]
    assert "--progress=rawjson" in book["streams"][path.name[:-9]]["command"]
    assert book["buildx"][0].isdigit()


@engines
def test_a_cross_build_names_both_platforms(engine: str) -> None:
    names = {e.name for e in recorded(engine, "platforms") if isinstance(e, VertexUpdate)}
    parsed = [parse_vertex_name(name) for name in names]
    (cross,) = [name for name in parsed if name.built_for is not None]
    assert (cross.stage, str(cross.platform), str(cross.built_for)) == (
        "build",
        "linux/amd64",
        "linux/386",
    )


@engines
def test_a_check_of_the_dockerfile_says_where(engine: str) -> None:
    warnings = [e for e in recorded(engine, "warnings") if isinstance(e, WarningRaised)]
    assert all(warning.path == "Dockerfile" for warning in warnings)
    assert any("mpty continuation line" in w.short and w.line == 4 for w in warnings)


@engines
def test_a_dockerfile_that_cant_be_parsed_leaves_plain_lines(engine: str) -> None:
    lines = [event.text for event in recorded(engine, "unparsable") if isinstance(event, PlainLine)]
    assert lines[-1].startswith("ERROR: ")
    assert "unknown instruction: RUNN" in lines[-1]
