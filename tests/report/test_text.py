"""Tables and failures, as they are printed at the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stagebuild.errors import (
    BuildCanceled,
    BuildFailed,
    ConfigError,
    EngineUnavailable,
    GateFailed,
    StagebuildError,
)
from stagebuild.model import Digest, Output
from stagebuild.planning.spec import BuildSpec
from stagebuild.progress.events import Event, StatusUpdate
from stagebuild.report.cells import width
from stagebuild.report.excerpt import excerpt
from stagebuild.report.text import (
    ASCII,
    Look,
    failure,
    not_published,
    run_summary,
    stage_table,
)
from stagebuild.result import Attempt, BuildResult, BuildWarning
from stagebuild.testing import hit, ran
from stagebuild.timeline import TimelineBuilder

DIGEST = Digest("sha256:" + "ab12cd34" * 8)
PUSH = "pushing registry.example/shop with docker"
CONTEXT = "[internal] load build context"
EVENTS: list[Event] = [
    StatusUpdate(vertex=CONTEXT, id="transferring context:", current=34_500_000),
    ran(CONTEXT, 0.0, 0.5),
    hit("[base 1/1] FROM busybox", at_s=0.0),
    ran("[deps 1/2] RUN npm ci", 0.5, 8.5, inputs=[CONTEXT]),
    hit("[deps 2/2] WORKDIR /x", at_s=8.5, inputs=["[deps 1/2] RUN npm ci"]),
    ran("[prod 1/1] RUN make", 8.5, 20.0, inputs=["[deps 2/2] WORKDIR /x"]),
    ran("exporting to image", 20.0, 21.0, inputs=["[prod 1/1] RUN make"]),
]
DOCKERFILE = """\
FROM busybox AS base
RUN one
FROM base AS builder
RUN make \\
    # why
    && test

RUN <<EOF
a
EOF
RUN last
"""


def result(events: list[Event] | None = None, **changes: object) -> BuildResult:
    builder = TimelineBuilder()
    for event in EVENTS if events is None else events:
        builder.add(event)
    spec = BuildSpec(
        name="prod",
        root=Path("/project"),
        context="/project",
        dockerfile="/project/Dockerfile",
        dockerfile_shown="Dockerfile",
        target="prod",
        tags=("registry.example/shop:1",),
    )
    made = BuildResult(
        name="prod",
        spec=spec,
        digest=DIGEST,
        image_id=None,
        is_index=False,
        references={"registry.example/shop:1": f"registry.example/shop@{DIGEST}"},
        pushed=True,
        timeline=builder.build(wall_s=21.4),
        attempts=(Attempt(number=1, wall_s=21.4),),
        backend="scripted",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # whatever the test wants


def test_a_table_tells_where_the_time_went() -> None:
    assert stage_table(result(), look=Look(width=50)).splitlines() == [
        "prod",
        "  stage            busy  cached",
        "  base            0.0 s     1/1",
        "  deps            8.0 s     1/2",
        "  prod           11.5 s     0/1",
        f"  {'─' * 38}",
        "  context         0.5 s          34.5 MB",
        "  export          1.0 s",
        "  start and end   0.4 s",
        f"  {'─' * 38}",
        "  total          21.4 s     2/4",
        "",
        "  critical path  context 0.5 s → deps 8.0 s → pro…",
        f"  reference      registry.example/shop@{DIGEST}",
        f"  digest         {DIGEST}",
        "  tag            registry.example/shop:1",
    ]


def test_a_wide_table_shows_when_a_stage_ran() -> None:
    lines = stage_table(result(), look=Look(width=100)).splitlines()
    starts = {line.split()[0]: line.index("━") for line in lines if "━" in line}
    assert list(starts) == ["deps", "prod"]
    assert starts["deps"] < starts["prod"]
    assert sum(line.count("━") for line in lines) == 37, "19.5 s of 21 s, of 40 cells"


@pytest.mark.parametrize("cells", [40, 60, 80, 120, 200])
def test_rows_fit_the_width(cells: int) -> None:
    events = [ran(f"[{'long-stage-name' * 4} 1/1] RUN x", 0.0, 1.0), *EVENTS]
    table = stage_table(result(events), look=Look(width=cells)).partition("\n\n")[0]
    assert max(map(width, table.splitlines())) <= cells


def test_platforms_are_told_apart() -> None:
    events: list[Event] = [
        ran(f"[linux/{name} app 1/1] RUN x", 0.0, 1.0) for name in ("amd64", "arm64")
    ]
    table = stage_table(result(events), look=Look(width=60))
    assert "app linux/amd64" in table
    assert "app linux/arm64" in table


def test_overhead_without_time_is_one_row() -> None:
    events: list[Event] = [
        ran("[internal] load build definition from Dockerfile", 0.0, 0.03),
        ran("[internal] load metadata for docker.io/library/busybox:latest", 0.0, 0.04),
    ]
    rows = stage_table(result(events), look=Look(width=60)).partition("total")[0]
    assert "definition" not in rows
    assert "  other " in rows


def test_the_critical_path_leaves_out_what_took_no_time() -> None:
    first, between, last = "[a 1/2] RUN x", "[b 1/1] COPY x", "[a 2/2] RUN y"
    events: list[Event] = [
        ran(first, 0.0, 1.0),
        ran(between, 1.0, 1.01, inputs=[first]),
        ran(last, 1.01, 2.0, inputs=[between]),
    ]
    assert "  critical path  a 2.0 s\n" in stage_table(result(events), look=Look())


def test_a_build_of_several_attempts_says_so() -> None:
    attempts = (Attempt(number=1, wall_s=3.0, error="429"), Attempt(number=2, wall_s=4.0))
    assert stage_table(result(attempts=attempts), look=Look()).startswith("prod (2 attempts)\n")


def test_warnings_have_their_place() -> None:
    warning = BuildWarning(message="StageNameCasing: use x (line 3)", path="Dockerfile", line=3)
    assert stage_table(result(warnings=(warning,)), look=Look()).endswith(
        "  warning        Dockerfile:3: StageNameCasing: use x"
    )


def test_what_was_written_to_disk_is_told() -> None:
    spec = replace(result().spec, outputs=(Output(type="local", dest="/project/reports"),), tags=())
    made = result(spec=spec, digest=None, references={}, pushed=False)
    assert stage_table(made, look=Look()).endswith("  wrote          /project/reports")


def test_an_empty_build_has_a_table() -> None:
    assert "total" in stage_table(result([]), look=Look())


def test_ascii_is_enough() -> None:
    warning = BuildWarning(message="x", path="Dockerfile", line=3)
    made = result(warnings=(warning,))
    error = BuildFailed("x", build="b", path="Dockerfile", line=4, log_tail=["y"])
    look = Look(width=50, glyphs=ASCII)
    assert stage_table(made, look=look).isascii()
    assert failure(error, DOCKERFILE, look=look).isascii()
    assert run_summary({"prod": made}, {"b": error}, look=look).isascii()


def test_colours_are_only_there_when_welcome() -> None:
    error = BuildFailed("x", build="b", path="Dockerfile", line=4, log_tail=["y"], hint="z")
    for color in (False, True):
        look = Look(color=color)
        texts = [stage_table(result(), look=look), failure(error, DOCKERFILE, look=look)]
        assert all(("\x1b[" in text) is color for text in texts)


def test_several_builds_are_summed_up_line_by_line() -> None:
    failed = BuildFailed("x", build="lint", stage="ruff", step="RUN ruff", exit_code=1)
    stopped = BuildCanceled("interrupted by SIGINT", build="dev")
    errors = {"lint": failed, "dev": stopped}
    assert run_summary({"prod": result()}, errors, look=Look()).splitlines() == [
        f"✓ prod   21.4 s  registry.example/shop@{DIGEST}",
        "✗ lint  ruff: exit code 1",
        "■ dev   interrupted by SIGINT",
    ]


def test_a_failed_build_shows_stage_lines_output_and_hint() -> None:
    error = BuildFailed(
        'process "/bin/sh -c make && test" did not complete successfully: exit code: 2',
        build="prod",
        stage="builder",
        step="RUN make && test",
        path="docker/Dockerfile",
        line=4,
        exit_code=2,
        log_tail=["a.c:1: error: \x1b[31mno\x1b[0m", "make: *** [all] Error 1"],
        hint="run the stage alone: stagebuild builder",
    )
    assert failure(error, DOCKERFILE, look=Look()).splitlines() == [
        "error: prod in stage builder: exit code 2",
        "",
        "docker/Dockerfile:4",
        "    1 │ FROM busybox AS base",
        "    2 │ RUN one",
        "    3 │ FROM base AS builder",
        ">>> 4 │ RUN make \\",
        ">>> 5 │     # why",
        ">>> 6 │     && test",
        "    7 │",
        "    8 │ RUN <<EOF",
        "    9 │ a",
        "",
        "last lines of its output:",
        "  │ a.c:1: error: no",
        "  │ make: *** [all] Error 1",
        "",
        "hint: run the stage alone: stagebuild builder",
    ]


def test_without_the_dockerfile_the_step_is_named() -> None:
    error = BuildFailed("x", build="prod", stage="a", step="RUN make", path="Dockerfile", line=4)
    assert failure(error, look=Look()).splitlines()[2] == "Dockerfile:4  RUN make"


def test_a_long_log_is_cut_to_its_end() -> None:
    error = BuildFailed("x", build="prod", log_tail=[f"line {n}" for n in range(50)])
    lines = failure(error, look=Look()).splitlines()
    assert lines[-1] == "  │ line 49"
    assert len(lines) == 23


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (BuildCanceled("interrupted", build="prod"), "canceled: prod: interrupted"),
        (
            ConfigError("no", path="stagebuild.toml", line=3, key="a.b", hint="do"),
            "error: stagebuild.toml:3: a.b: no\n\nhint: do",
        ),
        (
            EngineUnavailable("no engine", backend="buildx", hint="start one"),
            "error: no engine\n\nhint: start one",
        ),
    ],
)
def test_other_errors_say_where_and_what_next(error: StagebuildError, text: str) -> None:
    assert failure(error, look=Look()) == text


@pytest.mark.parametrize(
    ("line", "marked"),
    [(1, [1]), (4, [4, 5, 6]), (8, [8, 9, 10]), (11, [11])],
)
def test_an_instruction_is_marked_to_its_last_line(line: int, marked: list[int]) -> None:
    assert [shown.number for shown in excerpt(DOCKERFILE, line) if shown.marked] == marked


def test_of_a_very_long_instruction_the_beginning_is_shown() -> None:
    text = "FROM a\nRUN x \\\n" + "  y \\\n" * 40 + "  z\nRUN after\n"
    shown = excerpt(text, 2)
    assert (shown[0].number, shown[-1].number) == (1, 13)


@pytest.mark.parametrize("line", [0, 12, 99])
def test_a_line_that_is_not_there_has_no_excerpt(line: int) -> None:
    assert excerpt(DOCKERFILE, line) == ()


def test_a_gate_that_failed_is_told_with_the_place_and_log_of_its_failure() -> None:
    error = GateFailed(
        'not published: its gate "test" failed: no',
        build="prod",
        gate="test",
        stage="pytest",
        step="RUN pytest",
        exit_code=1,
        log_tail=["2 failed"],
    )
    assert failure(error, look=Look()).splitlines()[0] == (
        'error: prod: not published: gate "test" failed in stage pytest: exit code 1'
    )
    assert "2 failed" in failure(error, look=Look())


def test_next_to_the_gates_own_failure_one_line_is_enough() -> None:
    error = GateFailed("x", build="prod", gate="test", log_tail=["2 failed"])
    assert not_published(error, look=Look()) == 'error: prod: not published: gate "test" failed'
