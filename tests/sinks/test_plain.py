"""Plain lines: complete in themselves, in order, and never the reason why a build fails."""

from __future__ import annotations

import io
import os
import threading
import time
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagebuild.errors import BuildCanceled, BuildFailed
from stagebuild.progress.events import StatusUpdate
from stagebuild.report.look import ASCII
from stagebuild.runevents import GatesAwaited, Retrying, RunEnded
from stagebuild.sinks.plain import PlainSink
from stagebuild.testing import hit, ran

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from stagebuild.progress.events import Event
    from stagebuild.runevents import RunEvent
    from tests.sinks.conftest import Run

MAKE = "[builder 2/5] RUN make"


def lines_of(*events: RunEvent) -> list[str]:
    stream = io.StringIO()
    with PlainSink(stream, glyphs=ASCII) as sink:
        for event in events:
            sink.emit(event)
    return stream.getvalue().splitlines()


def test_a_step_is_told_when_it_starts_prints_and_ends(run: Run) -> None:
    assert lines_of(
        run.started(target="prod"),
        run.begins(MAKE, 1.0),
        run.prints(MAKE, b"gcc -c a.c\ngcc -c b.c\n"),
        run.progressed(ran(MAKE, 1.0, 13.34)),
        run.succeeded(),
    ) == [
        "prod                building target prod of Dockerfile",
        "prod  builder 2/5   RUN make",
        "prod  builder 2/5   | gcc -c a.c",
        "prod  builder 2/5   | gcc -c b.c",
        "prod  builder 2/5   done 12.3 s",
        f"prod                done 12.3 s  registry.example/shop@sha256:{'ab12cd34' * 8}",
    ]


def test_a_cached_step_is_one_line(run: Run) -> None:
    cached = run.progressed(hit(MAKE))
    assert lines_of(run.started(), cached, cached)[1:] == ["prod  builder 2/5   cached  RUN make"]


def test_a_step_over_before_it_was_seen_to_start_is_one_line(run: Run) -> None:
    assert lines_of(run.started(), run.progressed(ran(MAKE, 1.0, 1.2)))[1:] == [
        "prod  builder 2/5   done 0.2 s  RUN make"
    ]


def test_a_step_that_the_engine_starts_again_is_announced_once(run: Run) -> None:
    told = lines_of(
        run.started(),
        run.begins(MAKE, 1.0),
        run.progressed(ran(MAKE, 1.0, 1.01)),
        run.begins(MAKE, 2.0),
        run.progressed(ran(MAKE, 2.0, 2.01)),
        run.begins(MAKE, 3.0),
        run.progressed(ran(MAKE, 3.0, 5.0)),
    )
    assert [line.split(maxsplit=3)[3] for line in told[1:]] == [
        "RUN make",
        "done 0.0 s",
        "done 2.0 s",
    ]


def test_a_failing_step_says_why_after_its_last_output(run: Run) -> None:
    error = BuildFailed("exit code: 2", build="prod", stage="builder", step="RUN make", exit_code=2)
    assert lines_of(
        run.started(),
        run.begins(MAKE),
        run.prints(MAKE, b"no line end"),
        run.progressed(ran(MAKE, 0.0, 1.0, error="process did not complete: exit code: 2")),
        run.failed(error),
    )[2:] == [
        "prod  builder 2/5   | no line end",
        "prod  builder 2/5   error  process did not complete: exit code: 2",
        "prod                failed after 3.0 s: builder: exit code 2",
    ]


def test_a_canceled_step_and_build_say_so(run: Run) -> None:
    update = ran(MAKE, 0.0, 1.0, error="solve: context canceled")
    error = BuildCanceled("canceled", build="prod")
    assert lines_of(run.started(), run.progressed(update), run.failed(error))[1:] == [
        "prod  builder 2/5   canceled",
        "prod                canceled after 3.0 s",
    ]


def test_lines_of_two_builds_can_be_told_apart(run: Run) -> None:
    told = lines_of(
        run.started("test"),
        run.started("prod"),
        run.prints(MAKE, b"half a ", "test"),
        run.prints(MAKE, b"whole\n", "prod"),
        run.prints(MAKE, b"line\n", "test"),
    )
    assert [line.split()[0] for line in told[2:]] == ["prod", "test"]
    assert told[3].endswith("| half a line")


def test_a_context_transfer_tells_its_bytes(run: Run) -> None:
    context = "[internal] load build context"
    moved = StatusUpdate(vertex=context, id="transferring context:", current=34_500_000)
    assert lines_of(
        run.started(),
        run.begins(context, 1.0),
        run.progressed(moved),
        run.progressed(ran(context, 1.0, 1.5)),
    )[1:] == [
        "prod  context       load build context",
        "prod  context       done 0.5 s, 34.5 MB",
    ]


def test_the_only_stage_is_called_like_the_target(run: Run) -> None:
    told = lines_of(run.started(target="app"), run.begins("[2/3] RUN make"))
    assert told[1] == "prod  app 2/3       RUN make"


def test_a_retry_tells_the_reason_and_starts_afresh(run: Run) -> None:
    retry = Retrying(build="prod", attempt=1, wait_s=2.0, reason="429 Too Many Requests", at_s=1.0)
    told = lines_of(run.started(), run.begins(MAKE), retry, run.begins(MAKE, 9.0))
    assert told[2] == "prod                retrying in 2.0 s: 429 Too Many Requests"
    assert told[3] == told[1]


def test_half_a_line_is_not_continued_by_the_next_attempt(run: Run) -> None:
    retry = Retrying(build="prod", attempt=1, wait_s=2.0, reason="429", at_s=1.0)
    begun = run.begins(MAKE)
    told = lines_of(
        run.started(), begun, run.prints(MAKE, b"half"), retry, begun, run.prints(MAKE, b"whole\n")
    )
    assert told[-1].endswith("| whole")


def test_what_the_encoding_lacks_is_escaped(run: Run) -> None:
    raw = io.BytesIO()
    with PlainSink(io.TextIOWrapper(raw, encoding="ascii"), glyphs=ASCII) as sink:
        for event in (run.started(), run.begins(MAKE), run.prints(MAKE, "häl\n".encode())):
            sink.emit(event)
        assert raw.getvalue().endswith(b"| h\\xe4l\n")


def test_a_run_of_several_builds_is_counted_at_the_end() -> None:
    ended = RunEnded(succeeded=2, failed=1, at_s=1.0)
    assert lines_of(ended) == ["2 builds succeeded, 1 failed"]
    assert lines_of(RunEnded(succeeded=1, failed=0, at_s=1.0)) == []


def test_output_can_not_take_the_terminal_over(run: Run) -> None:
    printed = run.prints(MAKE, b"\x1b[2J\x1b]0;owned\x07 10%\r 50%\rdone \x1b[31mred\x1b[0m\x07\n")
    told = lines_of(run.started(), run.begins(MAKE), printed)
    assert told[2] == "prod  builder 2/5   | done red"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it holds no state
@given(chunks=st.lists(st.binary(max_size=40), max_size=12))
def test_any_bytes_are_whole_prefixed_lines(run: Run, chunks: list[bytes]) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    with PlainSink(stream, glyphs=ASCII) as sink:
        sink.emit(run.started())
        sink.emit(run.begins(MAKE))
        for data in chunks:
            sink.emit(run.prints(MAKE, data))
        sink.emit(run.progressed(ran(MAKE, 0.0, 1.0)))
    shown = raw.getvalue()
    assert shown.isascii()
    assert all(byte >= 32 or byte == 10 for byte in shown)
    assert all(line.startswith(b"prod  ") for line in shown.splitlines())


def test_a_reader_that_left_does_not_stop_the_build(run: Run) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream, PlainSink(stream) as sink:
        sink.emit(run.started())
        sink.emit(run.succeeded())
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)  # so that closing it succeeds


def test_a_closed_stream_does_not_stop_the_build(run: Run) -> None:
    stream = io.StringIO()
    sink = PlainSink(stream)
    stream.close()
    sink.emit(run.started())


def test_a_terminal_made_non_blocking_gets_everything(run: Run) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    got: list[bytes] = []

    def read_slowly() -> None:
        while data := os.read(reading, 65536):
            got.append(data)
            time.sleep(0.001)

    reader = threading.Thread(target=read_slowly)
    reader.start()
    line = b"x" * 1000 + b"\n"
    with os.fdopen(writing, "w") as stream, PlainSink(stream) as sink:
        for event in (run.started(), run.begins(MAKE), run.prints(MAKE, line * 500)):
            sink.emit(event)
    reader.join()
    os.close(reading)
    assert b"".join(got).count(b"\n") == 502


def test_a_real_parallel_build_reads_well(run: Run, recorded: Callable[[str], list[Event]]) -> None:
    told = lines_of(run.started(), *map(run.progressed, recorded("parallel")))
    assert all(line.startswith("prod  ") for line in told)
    assert sum("RUN sleep 2" in line for line in told) == 1
    assert any(line.endswith("| hälf 3") for line in told), "a redrawn line, cut in mid-character"


def test_a_hundred_thousand_lines_take_about_a_second(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [run.prints(MAKE, b"line %d of a long log\n" % n) for n in range(100_000)]
    with open(os.devnull, "w", encoding="utf-8") as stream, PlainSink(stream) as sink:  # noqa: PTH123 - a device
        sink.emit(run.started())
        sink.emit(run.begins(MAKE))
        begun_s = time.process_time()
        for event in events:
            sink.emit(event)
        took_s = time.process_time() - begun_s
    with capsys.disabled():
        print(f"plain: {len(events) / took_s:,.0f} lines/s", end=" ")
    assert took_s < 3.0


def test_a_build_that_waits_for_gates_says_for_which(run: Run) -> None:
    waits = GatesAwaited(build="prod", gates=("lint", "test"), at_s=1.0)
    told = lines_of(run.started(), waits)
    assert told[1] == "prod                built, waiting for lint, test"
