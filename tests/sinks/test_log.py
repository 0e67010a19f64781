"""Structured logs, as a collector gets them."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from structlog.testing import CapturingLogger

from stagebuild.errors import BuildCanceled, BuildFailed
from stagebuild.result import BuildWarning
from stagebuild.runevents import Retrying, RunEnded
from stagebuild.sinks.log import LogFormat, LogSink, Redactor, configure
from stagebuild.testing import hit, ran

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.runevents import RunEvent
    from tests.sinks.conftest import Run

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "output.md"
STEPS = [hit("[prod 1/2] FROM busybox"), ran("[prod 2/2] RUN make", 1.0, 3.5)]


@pytest.fixture(autouse=True)
def _structlog_as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def logged(*events: RunEvent, verbose: bool = False) -> list[dict[str, object]]:
    stream = io.StringIO()
    configure(LogFormat.JSON, stream, verbose=verbose, color=False, redact=lambda text: text)
    with LogSink() as sink:
        for event in events:
            sink.emit(event)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_build_is_logged_with_its_stages(run: Run) -> None:
    lines = logged(
        run.started(), run.succeeded(events=STEPS), RunEnded(succeeded=1, failed=0, at_s=1)
    )
    assert [(line["event"], line["level"]) for line in lines] == [
        ("build started", "info"),
        ("stage ended", "info"),
        ("build ended", "info"),
        ("run ended", "info"),
    ]
    stage = lines[1]
    assert (stage["stage"], stage["busy_s"], stage["cached_steps"]) == ("prod", 2.5, 1)


def test_steps_are_logged_when_verbose(run: Run) -> None:
    lines = logged(run.succeeded(events=STEPS), verbose=True)
    steps = [line for line in lines if line["event"] == "step ended"]
    assert [(step["index"], step["cached"], step["busy_s"]) for step in steps] == [
        (1, True, 0.0),
        (2, False, 2.5),
    ]


def test_a_failure_is_an_error_with_its_place(run: Run) -> None:
    error = BuildFailed(
        "exit code: 2", build="prod", stage="prod", step="RUN make", path="Dockerfile", line=7
    )
    (line,) = logged(run.failed(error))
    assert (line["event"], line["level"], line["line"]) == ("build failed", "error", 7)


def test_a_cancellation_is_a_warning(run: Run) -> None:
    (line,) = logged(run.failed(BuildCanceled("canceled", build="prod")))
    assert (line["event"], line["level"]) == ("build canceled", "warning")


def test_a_retry_is_a_warning() -> None:
    (line,) = logged(Retrying(build="prod", attempt=1, wait_s=2.0, reason="429", at_s=1.0))
    assert (line["level"], line["attempt"], line["reason"]) == ("warning", 1, "429")


def test_secrets_are_taken_out_of_every_text_however_deep() -> None:
    redact = Redactor(lambda text: text.replace("hunter2", "***"))
    fields = redact(None, "info", {"event": "hunter2", "n": 1, "deep": [{"hunter2": ("hunter2",)}]})
    assert fields == {"event": "***", "n": 1, "deep": [{"***": ["***"]}]}


def test_secrets_are_taken_out_of_what_a_renderer_would_turn_into_text() -> None:
    redact = Redactor(lambda text: text.replace("hunter2", "***"))
    assert redact(None, "info", {"error": ValueError("hunter2")}) == {"error": "***"}


@pytest.mark.parametrize("form", list(LogFormat))
def test_secrets_are_taken_out_in_both_formats(run: Run, form: LogFormat) -> None:
    stream = io.StringIO()
    configure(
        form, stream, verbose=True, color=False, redact=lambda text: text.replace("hunter2", "***")
    )
    LogSink().emit(run.failed(BuildFailed("wrong token hunter2", build="prod")))
    assert "hunter2" not in stream.getvalue()
    assert "wrong token ***" in stream.getvalue()


def test_a_program_that_uses_structlog_gets_the_logs_its_own_way(run: Run) -> None:
    own = CapturingLogger()
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=lambda *_: own
    )
    LogSink().emit(run.started())
    assert len(own.calls) == 1


def test_every_event_and_field_is_documented(run: Run) -> None:
    result = run.result(events=STEPS)
    warned = type(result)(
        **{f: getattr(result, f) for f in type(result).__dataclass_fields__}
        | {"warnings": (BuildWarning(message="x"),)}
    )
    ended = type(run.succeeded())(build="prod", result=warned, error=None, at_s=1.0)
    lines = logged(
        run.started(),
        Retrying(build="prod", attempt=1, wait_s=2.0, reason="429", at_s=1.0),
        ended,
        run.failed(BuildFailed("x", build="prod")),
        run.failed(BuildCanceled("x", build="prod")),
        RunEnded(succeeded=1, failed=0, at_s=1.0),
        verbose=True,
    )
    common = {"event", "level", "timestamp"}
    written = {str(line["event"]): sorted(line.keys() - common) for line in lines}
    section = PAGE.read_text().partition("## Logs")[2]
    rows = re.findall(r"^\| `([a-z ]+)` \| \w+ \| (.*?) \|$", section, re.MULTILINE)
    assert {event: sorted(re.findall(r"`(\w+)`", fields)) for event, fields in rows} == written
