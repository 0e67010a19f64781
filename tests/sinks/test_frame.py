"""Frames: what is shown of a board, and that it always fits the window."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagebuild.dockerfile import parse, resolve
from stagebuild.errors import BuildCanceled, BuildFailed, DockerfileError
from stagebuild.progress.events import StatusUpdate, VertexUpdate
from stagebuild.report.cells import width
from stagebuild.report.look import UNICODE
from stagebuild.runevents import BuildStarted, GatesAwaited, Progressed, Retrying
from stagebuild.sinks.board import Board
from stagebuild.sinks.frame import Size, compose, compose_end
from stagebuild.testing import hit, ran

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.dockerfile import StageGraph
    from stagebuild.progress.events import Event
    from stagebuild.runevents import RunEvent
    from stagebuild.sinks.frame import Line
    from tests.sinks.conftest import Run

ROOMY = Size(columns=100, rows=40)
MAKE = "[builder 2/5] RUN make"


def text_of(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def board_of(*events: RunEvent, at_s: float = 0.0) -> Board:
    """Builds begin at 0; everything else comes at ``at_s``."""
    board = Board()
    for event in events:
        board.take(event, 0.0 if isinstance(event, BuildStarted) else at_s)
    return board


def frame(board: Board, *, now_s: float = 0.0, size: Size = ROOMY) -> list[str]:
    return text_of(compose(board, size, now_s=now_s, glyphs=UNICODE))


def ending(board: Board, *, now_s: float = 0.0) -> list[str]:
    return text_of(compose_end(board, ROOMY, now_s=now_s, glyphs=UNICODE))


def test_a_stage_has_one_line_with_its_state(run: Run) -> None:
    steps = [
        *(run.progressed(hit(f"[base {n}/2] RUN x")) for n in (1, 2)),
        run.progressed(hit("[deps 1/2] COPY a b")),
        run.progressed(ran("[deps 2/2] RUN npm ci", 0.0, 8.2)),
        run.begins(MAKE, 8.2),
        run.announced("[prod 1/3] COPY x y"),
    ]
    board = board_of(run.started(), *steps, at_s=8.2)
    assert frame(board, now_s=12.3) == [
        "prod  12.3 s",
        "  ✓ base           2/2   cached",
        "  ✓ deps           2/2    8.2 s  1 cached",
        "  ▸ builder        0/5    4.1 s  RUN make",
        "  · prod           0/3",
    ]


def test_stages_are_in_the_order_of_the_dockerfile(run: Run) -> None:
    text = "FROM busybox AS base\nFROM base AS app\nFROM base\n"
    started = run.started()
    graph = resolve(parse(text, path="Dockerfile"))
    spec = replace(started.spec, graph=lambda: graph)
    vertices = ["[stage-2 1/1] RUN x", "[app 1/1] RUN x", "[base 1/1] FROM busybox"]
    shown = frame(board_of(replace(started, spec=spec), *map(run.announced, vertices)))
    assert [line.split()[1] for line in shown[1:]] == ["base", "app", "stage-2"]


def test_a_dockerfile_that_is_refused_is_no_matter_of_the_display(run: Run) -> None:
    def refuse() -> StageGraph:
        raise DockerfileError("no")

    started = run.started()
    spec = replace(started.spec, graph=refuse)
    assert len(frame(board_of(replace(started, spec=spec), run.begins(MAKE)))) == 2


def test_time_is_told_right_when_the_engine_has_another_clock(run: Run) -> None:
    board = board_of(run.started(), run.begins(MAKE, 1_000_000.0), at_s=5.0)
    assert "  3.0 s  RUN make" in frame(board, now_s=8.0)[1]


def test_what_a_shared_vertex_did_for_an_earlier_build_is_not_counted(run: Run) -> None:
    updates = [ran(MAKE, -900.0, -300.0), ran(MAKE, 0.5, 2.0)]
    board = board_of(run.started(), *map(run.progressed, updates), at_s=2.0)
    assert frame(board, now_s=2.0)[1].endswith("  1.5 s")


def test_steps_of_a_stage_that_overlap_are_counted_once(run: Run) -> None:
    steps = [ran("[a 1/2] RUN x", 0.0, 3.0), ran("[a 2/2] RUN y", 1.0, 4.0)]
    board = board_of(run.started(), *map(run.progressed, steps), at_s=4.0)
    assert frame(board)[1].endswith("  4.0 s")


def test_the_last_lines_of_running_steps_are_at_the_bottom(run: Run) -> None:
    printed = run.prints(MAKE, b"".join(b"line %d\n" % n for n in range(9)))
    board = board_of(run.started(), run.begins(MAKE), printed)
    assert frame(board)[2:] == [
        "",
        "  builder │ line 5",
        "          │ line 6",
        "          │ line 7",
        "          │ line 8",
    ]


def test_output_of_a_step_that_ended_is_gone(run: Run) -> None:
    board = board_of(
        run.started(), run.begins(MAKE), run.prints(MAKE, b"x\n"), run.progressed(ran(MAKE, 0, 1))
    )
    assert len(frame(board)) == 2


def test_output_of_several_builds_is_told_apart(run: Run) -> None:
    events = [
        event
        for name in ("prod", "test")
        for event in (
            run.started(name),
            run.begins(MAKE, name=name),
            run.prints(MAKE, b"hello\n", name),
        )
    ]
    assert frame(board_of(*events))[-2:] == ["  prod builder │ hello", "  test builder │ hello"]


def test_output_can_not_take_the_terminal_over(run: Run) -> None:
    printed = run.prints(MAKE, b"\x1b[2J\x1b[31mred\x1b[0m\x07\r\n")
    shown = frame(board_of(run.started(), run.begins(MAKE), printed))
    assert shown[-1] == "  builder │ red"


def test_a_push_shows_its_bytes(run: Run) -> None:
    push = "pushing shop with docker"
    moved = StatusUpdate(vertex=push, id="layer", current=6_200_000, total=12_300_000)
    shown = frame(board_of(run.started(), run.begins(push), run.progressed(moved)))
    assert shown[1] == "  ▸ push        6.2 MB    0.0 s  of 12.3 MB  pushing shop with docker"


def test_overhead_that_took_no_time_has_no_line(run: Run) -> None:
    quick = run.progressed(ran("[internal] load build definition from Dockerfile", 0.0, 0.1))
    assert frame(board_of(run.started(), quick)) == ["prod  0.0 s"]


def test_stages_of_several_platforms_have_lines_of_their_own(run: Run) -> None:
    names = ["[linux/amd64 app 1/1] RUN x", "[linux/amd64->arm64 app 1/1] RUN x"]
    shown = frame(board_of(run.started(), *map(run.begins, names)))
    assert [line.split()[1:3] for line in shown[1:]] == [
        ["app", "linux/amd64"],
        ["app", "linux/arm64"],
    ]


def test_a_failed_step_shows_its_error(run: Run) -> None:
    failed = run.progressed(ran(MAKE, 0, 1, error="exit code: 2"))
    shown = frame(board_of(run.started(), failed, at_s=1.0))
    assert shown[1] == "  ✗ builder        1/5    1.0 s  exit code: 2"


def test_a_canceled_step_is_no_failure(run: Run) -> None:
    update = ran(MAKE, 0, 1, error="solve: context canceled")
    assert "✗" not in "".join(frame(board_of(run.started(), run.progressed(update))))


def test_a_retry_starts_the_build_afresh(run: Run) -> None:
    retry = Retrying(build="prod", attempt=1, wait_s=2.0, reason="429", at_s=1.0)
    board = board_of(run.started(), run.begins(MAKE), retry)
    assert frame(board) == ["prod  0.0 s  attempt 2: 429"]


def test_a_build_that_waits_for_gates_says_for_which_until_it_publishes(run: Run) -> None:
    waits = GatesAwaited(build="prod", gates=("lint", "test"), at_s=1.0)
    assert frame(board_of(run.started(), waits)) == ["prod  0.0 s  waiting for lint, test"]
    board = board_of(run.started(), waits, run.begins("exporting to image"))
    assert "waiting" not in "".join(frame(board))


def test_each_end_is_one_line(run: Run) -> None:
    failure = BuildFailed("x", build="test", stage="pytest", step="RUN pytest", exit_code=1)
    board = board_of(
        run.started("prod"),
        run.started("test"),
        run.started("lint"),
        run.started("dev"),
        run.progressed(hit("[a 1/1] RUN x")),
    )
    board.take(run.succeeded("prod"), 2.0)
    board.take(run.failed(failure, "test"), 3.0)
    board.take(run.failed(BuildCanceled("x", build="lint"), "lint"), 3.0)
    assert ending(board, now_s=4.0) == [
        "✓ prod  2.0 s  1/1 cached  sha256:ab12cd34ab12",
        "✗ test  3.0 s  pytest: exit code 1",
        "■ lint  3.0 s  canceled",
        "■ dev  4.0 s  interrupted",
    ]


def test_a_build_that_never_began_has_its_end_shown(run: Run) -> None:
    board = board_of(run.failed(BuildCanceled("not started", build="prod")))
    assert ending(board) == ["■ prod  0.0 s  canceled"]


def test_forty_stages_are_folded_into_a_low_window(run: Run) -> None:
    done = [run.progressed(ran(f"[s{n} 1/1] RUN x", 0, 1)) for n in range(25)]
    busy = [run.begins(f"[s{n} 1/1] RUN x", 1) for n in range(25, 28)]
    waiting = [run.announced(f"[s{n} 1/1] RUN x") for n in range(28, 40)]
    output = run.prints("[s26 1/1] RUN x", b"hello\n")
    shown = frame(
        board_of(run.started(), *done, *busy, *waiting, output, at_s=1.0),
        size=Size(columns=80, rows=16),
    )
    assert shown[1] == "  ✓ 25 stages done"
    assert sum("▸" in line for line in shown) == 3
    assert shown[-1] == "  s26 │ hello"
    assert any(line.endswith("stages waiting") for line in shown)


def many(run: Run, count: int, ended: int) -> Board:
    """Return a board of builds that all run one step, of which the first have succeeded."""
    board = Board()
    for number in range(count):
        build = f"e{number}"
        step = VertexUpdate(digest="d", name="[prod 1/1] RUN make", inputs=("x",), started_s=0.0)
        board.take(run.started(build), 0.0)
        board.take(Progressed(build=build, event=step), 0.0)
    for number in range(ended):
        board.builds[f"e{number}"].ended_s = 1.0
    return board


def test_more_builds_than_fit_have_a_line_each(run: Run) -> None:
    shown = frame(many(run, 10, 0), now_s=2.0, size=Size(columns=60, rows=16))
    assert shown == [f"e{n}  2.0 s  prod 0/1  RUN make" for n in range(10)]


def test_builds_that_are_done_are_counted_when_there_are_too_many(run: Run) -> None:
    shown = frame(many(run, 300, 290), now_s=2.0, size=Size(columns=60, rows=24))
    assert shown[0] == "✓ 290 builds done"
    assert shown[1:] == [f"e{n}  2.0 s  prod 0/1  RUN make" for n in range(290, 300)]


def test_lines_do_not_jump_when_output_begins(run: Run) -> None:
    stages = [run.begins(f"[s{n} 1/1] RUN x") for n in range(12)]
    size = Size(columns=80, rows=14)
    board = board_of(run.started(), *stages)
    before = frame(board, size=size)
    board.take(run.prints("[s3 1/1] RUN x", b"hello\n"), 0.0)
    assert frame(board, size=size)[: len(before)] == before


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    data=st.data(),
    columns=st.integers(1, 120),
    rows=st.integers(1, 50),
)
def test_a_frame_always_fits_the_window(
    run: Run, data: st.DataObject, columns: int, rows: int
) -> None:
    board = Board()
    for build in data.draw(st.lists(st.sampled_from(["a", "prod", "日本語"]), max_size=5)):
        board.take(run.started(build), 0.0)
        for number in range(data.draw(st.integers(0, 12))):
            name = f"[stage-{number} 1/2] RUN 日本 {'x' * 90}"
            update = data.draw(
                st.sampled_from(
                    [
                        VertexUpdate(digest=name, name=name),
                        VertexUpdate(digest=name, name=name, started_s=1.0),
                        ran(name, 0.0, 1.0),
                        ran(name, 0.0, 1.0, error="failed " * 20),
                        hit(name),
                    ]
                )
            )
            board.take(Progressed(build=build, event=update), 0.0)
            board.take(run.prints(name, "日本語\n".encode() * 9, build), 0.0)
    lines = frame(board, size=Size(columns=columns, rows=rows))
    assert len(lines) <= max(rows - 1, 1)
    assert all(width(line) <= max(columns - 1, 0) for line in lines)


@pytest.mark.parametrize("name", ["parallel", "platforms", "cache", "failing", "canceled"])
def test_real_streams_are_shown_at_every_moment(
    run: Run, recorded: Callable[[str], list[Event]], name: str
) -> None:
    board = board_of(run.started())
    for event in recorded(name):
        board.take(run.progressed(event), time.monotonic())
        assert len(frame(board, now_s=time.monotonic(), size=Size(columns=60, rows=12))) < 12


def test_a_large_board_is_composed_in_a_fraction_of_a_frame(run: Run) -> None:
    board = Board()
    for build in ("dev", "test", "lint", "staging", "prod"):
        board.take(run.started(build), 0.0)
        for stage in range(40):
            for step in range(1, 6):
                name = f"[stage-{stage} {step}/5] RUN make"
                board.take(run.begins(name, 0.0, build), 0.0)
                board.take(run.prints(name, b"x" * 99 + b"\n", build), 0.0)
    begun_s = time.process_time()
    frame(board, now_s=1.0)
    assert time.process_time() - begun_s < 0.1
