"""What becomes of a run once it has ended: files, CI outputs, traces; and that nothing fails it."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

import stagebuild as sb
from stagebuild.history.store import History
from stagebuild.report.runs.reading import run_report_of
from stagebuild.runevents import RunEnded
from stagebuild.sinks.ci import ci_outlets
from stagebuild.sinks.otlp import Receiver, otlp_outlets, receiver_of, send
from stagebuild.sinks.reports import ReportSink, file_outlet, history_outlet, report_to
from stagebuild.testing import ran
from tests.report.runs.samples import START_S, prints, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from stagebuild.sinks.reports import Outlet

VERTEX = "[app 1/1] RUN make"


def tell(outlets: Sequence[Outlet], *, secret: str = "") -> list[str]:
    """Let a run end, and return the warnings."""
    warned: list[str] = []
    with ReportSink(outlets, project="shop", warn=warned.append, environ={}) as sink:
        for event in succeeded([ran(VERTEX, 0.0, 1.0), prints(VERTEX, "s3cr3t\n")], secret=secret):
            sink.emit(event)
        sink.emit(RunEnded(succeeded=1, failed=0, at_s=START_S + 43))
    return warned


def test_a_report_file_is_written_when_the_run_has_ended(tmp_path: Path) -> None:
    assert tell([file_outlet(str(tmp_path / "run.html"))]) == []
    assert "shop prod built" in (tmp_path / "run.html").read_text()


def test_secrets_do_not_reach_a_report(tmp_path: Path) -> None:
    tell([file_outlet(str(tmp_path / "run.json"))], secret="s3cr3t")
    text = (tmp_path / "run.json").read_text()
    assert "s3cr3t" not in text
    assert '"***"' in text


def test_a_run_that_broke_off_is_not_told(tmp_path: Path) -> None:
    with ReportSink([file_outlet(str(tmp_path / "run.html"))]):
        pass
    assert not (tmp_path / "run.html").exists()


def test_what_can_not_be_written_costs_one_warning_and_the_rest_is_written(tmp_path: Path) -> None:
    missing = str(tmp_path / "no" / "run.html")
    warned = tell([file_outlet(missing), file_outlet(str(tmp_path / "run.md"))])
    assert len(warned) == 1
    assert warned[0].startswith(f"{missing} was not written: ")
    assert (tmp_path / "run.md").exists()


def test_a_script_that_can_not_write_its_report_gets_a_warning(tmp_path: Path) -> None:
    with (
        pytest.warns(RuntimeWarning, match="was not written"),
        report_to(str(tmp_path) + "/no/a.md") as sink,
    ):
        sink.emit(RunEnded(succeeded=0, failed=0, at_s=0.0))


def test_a_file_that_tells_no_form_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="does not say which form"):
        sb.report_to("run.pdf")


def test_a_run_is_kept_in_the_history_with_its_logs(tmp_path: Path) -> None:
    history = History(tmp_path / "h.sqlite")
    tell([history_outlet(history)])
    with history:
        (document,) = history.runs(limit=5)
    assert run_report_of(document).builds[0].logs == {("app", "", 1): ("s3cr3t",)}


def test_of_many_runs_the_newest_are_kept(tmp_path: Path) -> None:
    with History(tmp_path / "h.sqlite") as history:
        for number in range(25):
            history.add_run({"started_s": float(number)})
        assert [each["started_s"] for each in history.runs(limit=99)] == [
            float(number) for number in range(24, 4, -1)
        ]


def test_github_gets_outputs_summary_and_annotations_where_it_is(tmp_path: Path) -> None:
    output, summary, log = tmp_path / "output", tmp_path / "summary", io.StringIO()
    output.write_text("before=1\n")
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    assert tell(list(ci_outlets(environ, log))) == []
    assert output.read_text().startswith("before=1\nok<<stagebuild_")
    assert summary.read_text().startswith("## ✅ shop prod")
    assert log.getvalue().startswith("::warning file=Dockerfile,line=12")


def test_nothing_is_written_where_github_is_not() -> None:
    assert list(ci_outlets({}, io.StringIO())) == []


def test_a_summary_that_is_nearly_full_is_not_filled_beyond_its_limit(tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    summary.write_bytes(b"x" * (1024 * 1024 - 300))
    assert tell(list(ci_outlets({"GITHUB_STEP_SUMMARY": str(summary)}, io.StringIO()))) == []
    assert 1024 * 1024 - 300 < summary.stat().st_size <= 1024 * 1024


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("place", [".", "no/such/folder/file", "read-only"])
def test_a_file_of_github_that_can_not_be_written_is_one_warning(
    tmp_path: Path, variable: str, place: str
) -> None:
    if place == "read-only":
        # Root may write whatever the mode says, and nobody may write here.
        place = "/proc/version"
    environ = {variable: str(tmp_path / place)}
    (warning,) = tell(list(ci_outlets(environ, io.StringIO())))
    assert warning.startswith(f"{variable} was not written: ")


def test_a_file_of_github_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    assert tell(list(ci_outlets(environ, io.StringIO()))) == []
    assert (tmp_path / "summary").read_text().startswith("## ")


class _Handler(BaseHTTPRequestHandler):
    answers: ClassVar[list[int]] = []
    got: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.got.append((self.path, headers, body))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    """The address of an HTTP server that keeps what it gets."""
    _Handler.got.clear()
    _Handler.answers.clear()
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans_are_sent_to_the_receiver_that_the_environment_names(receiver: str) -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{receiver}/",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x",
    }
    assert tell(list(otlp_outlets(environ))) == []
    ((path, headers, body),) = _Handler.got
    assert path == "/v1/traces"
    assert headers["authorization"] == "Bearer x"
    assert headers["content-type"] == "application/json"
    spans = json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["name"] for span in spans][:2] == ["BUILD shop", "prod"]


def test_a_receiver_that_is_busy_is_asked_again(receiver: str) -> None:
    _Handler.answers[:] = [503]
    send(Receiver(url=receiver, compressed=True), b"{}")
    assert [headers["content-encoding"] for _, headers, _ in _Handler.got] == ["gzip", "gzip"]


def test_a_receiver_that_says_no_is_one_warning(receiver: str) -> None:
    _Handler.answers[:] = [401]
    (warning,) = tell(list(otlp_outlets({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver})))
    assert "401" in warning
    assert len(_Handler.got) == 1


def test_nobody_who_listens_is_one_warning() -> None:
    (warning,) = tell(list(otlp_outlets({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})))
    assert warning.startswith("the trace for http://127.0.0.1:9/v1/traces was not written: ")


def test_grpc_is_said_not_to_be_spoken() -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }
    (warning,) = tell(list(otlp_outlets(environ)))
    assert "speaks http alone" in warning


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_no_trace_is_sent_where_none_is_wanted(environ: dict[str, str]) -> None:
    assert receiver_of(environ) is None


def test_settings_for_traces_go_before_those_for_everything() -> None:
    found = receiver_of(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://all:4318",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces/in",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2000",
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip",
        }
    )
    assert found == Receiver(url="http://traces/in", timeout_s=2.0, compressed=True)
