"""A run as one value: of its events, its document, and the history."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.errors import GateFailed
from stagebuild.progress.events import LogChunk
from stagebuild.report.document import timeline_document
from stagebuild.report.runs.reading import run_report_of
from stagebuild.report.runs.timelines import timeline_of
from stagebuild.report.runs.witness import LOG_BYTES, Witness, _share
from stagebuild.report.schemas import result_schema
from stagebuild.runevents import BuildEnded, Progressed, Retrying, RunEnded
from stagebuild.testing import ran
from tests.report.runs.samples import (
    START_S,
    document,
    failed,
    large_events,
    prints,
    run,
    spec,
    succeeded,
)


def test_a_run_is_what_its_events_told() -> None:
    told = run(succeeded(large_events(3, 4), requires=("test",)), failed(), gates=("test",))
    prod, test = told.builds
    assert (told.ok, told.project, told.started_s) == (False, "shop", START_S - 0.2)
    assert (prod.outcome, prod.requires, prod.step_count, prod.cached_count) == (
        "built",
        ("test",),
        12,
        6,
    )
    assert (test.outcome, test.is_gate) == ("failed", True)
    assert [(gate.name, waiting) for gate, waiting in told.gates] == [("test", ("prod",))]


def test_the_document_of_a_run_follows_the_schema_of_the_result() -> None:
    jsonschema.validate(document(succeeded(large_events(3, 4)), failed()), result_schema())


def test_a_timeline_is_read_back_as_it_was_written() -> None:
    events = succeeded(large_events(3, 4))
    ended = next(event for event in events if isinstance(event, BuildEnded))
    assert ended.result is not None
    told = ended.result.timeline
    read = timeline_of(json.loads(json.dumps(document(events)))["results"]["prod"]["timeline"])
    assert timeline_document(read) == timeline_document(told)
    assert [s.length_s for s in read.critical_path] == [s.length_s for s in told.critical_path]


def test_a_plain_result_file_is_a_run_too() -> None:
    told = document(succeeded(large_events(2, 3)))
    plain = {key: told[key] for key in ("version", "ok", "results", "errors")}
    read = run_report_of(plain)
    assert [build.name for build in read.builds] == ["prod"]
    assert read.builds[0].reference == f"registry.example/shop@{read.builds[0].digest}"


@pytest.mark.parametrize(
    "wrong", [{}, {"version": 1}, {"version": 1, "ok": True, "results": [], "errors": []},
              {"version": 1, "ok": True, "results": {"a": {}}, "errors": []}]
)  # fmt: skip
def test_what_is_no_document_is_said_to_be_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no document that stagebuild --json prints"):
        run_report_of(wrong)


def test_a_document_of_a_newer_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2"):
        run_report_of({"version": 2})


def test_logs_are_kept_with_their_steps() -> None:
    told = run(failed())
    assert told.builds[0].logs == {
        ("test", "", 2): ("FAILED test_cart.py::test_total", "1 failed, 41 passed")
    }


def test_long_logs_keep_their_ends_and_say_so() -> None:
    vertices = [f"[app {number}/9] RUN make" for number in range(1, 10)]
    events = [ran(vertex, 0.0, 1.0) for vertex in vertices]
    chunks = [prints(vertex, "x" * 99 + "\n") for vertex in vertices for _ in range(5000)]
    build = run(succeeded([*events, *chunks])).builds[0]
    assert len(build.cut) == 9
    assert sum(len(line) + 1 for lines in build.logs.values() for line in lines) <= LOG_BYTES


@given(st.lists(st.integers(0, 10_000), max_size=30), st.integers(1, 50_000))
def test_shares_of_a_room_fit_into_it(weights: list[int], total: int) -> None:
    share = _share(weights, total)
    assert sum(min(weight, share) for weight in weights) <= max(total, 0)
    if sum(weights) <= total:
        assert all(weight <= share for weight in weights)


def test_what_an_attempt_printed_that_failed_is_not_the_next_ones_log() -> None:
    vertex = "[app 1/1] RUN make"
    witness = Witness()
    begun, *_, ended = succeeded([ran(vertex, 0.0, 1.0)])
    witness.emit(begun)
    witness.emit(Progressed(build="prod", event=prints(vertex, "first\n")))
    witness.emit(Retrying(build="prod", attempt=1, wait_s=0.1, reason="502", at_s=1.0))
    witness.emit(Progressed(build="prod", event=prints(vertex, "second\n")))
    witness.emit(ended)
    witness.emit(RunEnded(succeeded=1, failed=0, at_s=9.0))
    assert run_report_of(witness.document()).builds[0].logs == {("app", "", 1): ("second",)}


def test_secrets_are_taken_out_of_everything() -> None:
    vertex = "[app 1/1] RUN echo hunter22"
    told = succeeded([ran(vertex, 0.0, 1.0), LogChunk(vertex=vertex, stream=1, data=b"hunter22\n")])
    text = json.dumps(document(told, redact=lambda each: each.replace("hunter22", "***")))
    assert "hunter22" not in text
    assert text.count("***") >= 3


def test_a_build_that_a_gate_held_back_keeps_what_it_requires() -> None:
    held = BuildEnded(
        build="prod",
        result=None,
        error=GateFailed("not published", build="prod", gate="test"),
        at_s=START_S,
    )
    witness = Witness(planned=[spec(requires=("test",)), spec("test")], gates=["test"])
    for event in (*failed(), held, RunEnded(succeeded=0, failed=2, at_s=START_S + 4)):
        witness.emit(event)
    prod, test = run_report_of(witness.document()).builds
    assert (prod.outcome, prod.requires, test.outcome) == ("held back", ("test",), "failed")
