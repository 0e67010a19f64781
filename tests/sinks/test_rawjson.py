"""The JSON lines, and the page that promises their fields."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import BuildFailed, EngineUnavailable
from stagebuild.progress.events import LogChunk, PlainLine, StatusUpdate, WarningRaised
from stagebuild.runevents import GatesAwaited, Retrying, RunEnded
from stagebuild.sinks.rawjson import VERSION, RawJsonSink, document
from stagebuild.testing import ran

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.progress.events import Event
    from stagebuild.runevents import RunEvent
    from tests.sinks.conftest import Run

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "output.md"


def one_of_each(run: Run) -> list[RunEvent]:
    return [
        run.started(),
        run.progressed(ran("[a 1/1] RUN x", 1.0, 2.0)),
        run.progressed(StatusUpdate(vertex="v", id="sha256:1", current=1, total=2)),
        run.progressed(LogChunk(vertex="v", stream=1, data=b"x")),
        run.progressed(WarningRaised(vertex="v", short="NoEmptyContinuation")),
        run.progressed(PlainLine(text="ERROR: x")),
        Retrying(build="prod", attempt=1, wait_s=2.0, reason="429", at_s=1.0),
        GatesAwaited(build="prod", gates=("test",), at_s=1.5),
        run.succeeded(),
        RunEnded(succeeded=1, failed=0, at_s=2.0),
    ]


def documented_fields() -> dict[str, list[str]]:
    """Fields by type, from the page's tables: ``| `type` | `field`, `field` | … |``."""
    section = PAGE.read_text().partition("## JSON lines")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", section, re.MULTILINE)
    return {kind: re.findall(r"`([a-z_]+)`", fields) for kind, fields in rows}


def test_every_event_is_one_line_of_json(run: Run) -> None:
    stream = io.StringIO()
    with RawJsonSink(stream) as sink:
        for event in one_of_each(run):
            sink.emit(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == len(one_of_each(run))
    assert {line["v"] for line in lines} == {VERSION}


def test_every_type_and_field_is_documented_and_nothing_else(run: Run) -> None:
    written = {
        str(fields.pop("type")): list(fields)[2:]
        for fields in (document(event) for event in one_of_each(run))
    }
    assert documented_fields() == written


@pytest.mark.parametrize("field", ["result", "error"])
def test_the_fields_of_an_end_are_documented(run: Run, field: str) -> None:
    error = BuildFailed("x", build="prod")
    ended = document(run.succeeded() if field == "result" else run.failed(error))[field]
    assert isinstance(ended, dict)
    row = re.search(rf"^`{field}` is .*?: (.*?)\.$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert row is not None
    assert re.findall(r"`([a-z_]+)`", row[1]) == list(ended)


def test_output_is_passed_on_to_the_byte(run: Run) -> None:
    printed = document(run.prints("v", b"\xff\x00 half a \xc3"))
    assert base64.b64decode(str(printed["data"])) == b"\xff\x00 half a \xc3"


def test_an_error_outside_of_a_build_has_its_kind(run: Run) -> None:
    error = EngineUnavailable("no engine", backend="buildx", hint="start one")
    ended = document(run.failed(error))["error"]
    assert isinstance(ended, dict)
    assert (ended["kind"], ended["hint"], ended["stage"]) == (
        "EngineUnavailable",
        "start one",
        None,
    )


def test_build_args_are_left_out(run: Run) -> None:
    assert "hunter2" not in json.dumps(document(run.started()))


def test_a_real_stream_is_written_whole(run: Run, recorded: Callable[[str], list[Event]]) -> None:
    events = recorded("failing")
    kinds = [document(run.progressed(event))["type"] for event in events]
    assert len(kinds) == len(events)
    assert {"vertex", "log", "status"} <= set(kinds)
