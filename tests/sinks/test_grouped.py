"""Plain lines in groups that a CI system's log can fold."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from stagebuild.runevents import GatesAwaited, RunEnded
from stagebuild.sinks.choice import ProgressMode, choose_progress, open_sink
from stagebuild.sinks.grouped import GitHubMarks, GitLabMarks, GroupedSink

if TYPE_CHECKING:
    from tests.sinks.conftest import Run

STEP = "[app 1/1] RUN make"


def lines_of(out: io.StringIO) -> list[str]:
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_builds_that_run_at_once_have_a_group_each(run: Run) -> None:
    out = io.StringIO()
    with GroupedSink(out, GitHubMarks()) as sink:
        for event in (
            run.started("a"), run.started("b"),
            run.begins(STEP, name="a"), run.begins(STEP, name="b"),
            run.prints(STEP, b"one\n", name="b"), run.prints(STEP, b"two\n", name="a"),
            run.succeeded("b"), run.succeeded("a"),
            RunEnded(succeeded=2, failed=0, at_s=9.0),
        ):  # fmt: skip
            sink.emit(event)
    lines = lines_of(out)
    heads = [line for line in lines if line.startswith("::")]
    assert heads == ["::group::build a", "::endgroup::", "::group::build b", "::endgroup::"]
    middle = lines.index("::endgroup::")
    assert all(line.startswith("a ") for line in lines[1:middle])
    assert all(line.startswith("b ") for line in lines[middle + 2 : -2])
    assert lines[-1] == "2 builds succeeded, 0 failed"


def test_the_first_build_is_shown_as_it_runs(run: Run) -> None:
    out = io.StringIO()
    sink = GroupedSink(out, GitHubMarks())
    sink.emit(run.started("a"))
    sink.emit(run.begins(STEP, name="a"))
    sink.emit(run.prints(STEP, b"hello\n", name="a"))
    assert lines_of(out)[-1].endswith("hello")


def test_a_build_that_waits_for_its_gates_lets_them_speak(run: Run) -> None:
    out = io.StringIO()
    sink = GroupedSink(out, GitHubMarks())
    for event in (
        run.started("prod"), run.started("test"),
        GatesAwaited(build="prod", gates=("test",), at_s=1.0),
        run.begins(STEP, name="test"), run.prints(STEP, b"testing\n", name="test"),
    ):  # fmt: skip
        sink.emit(event)
    assert "::group::build test" in lines_of(out)
    assert lines_of(out)[-1].endswith("testing")
    sink.emit(run.succeeded("test"))
    sink.emit(run.succeeded("prod"))
    heads = [line for line in lines_of(out) if line.startswith("::group")]
    assert heads == ["::group::build prod", "::group::build test", "::group::build prod"]


def test_what_is_kept_is_shown_when_a_run_breaks_off(run: Run) -> None:
    out = io.StringIO()
    with GroupedSink(out, GitHubMarks()) as sink:
        sink.emit(run.started("a"))
        sink.emit(run.started("b"))
    assert lines_of(out)[-1] == "::endgroup::"
    assert any(line.startswith("b building") for line in lines_of(out))


def test_a_log_can_not_command_github(run: Run) -> None:
    out = io.StringIO()
    sink = GroupedSink(out, GitHubMarks())
    sink.emit(run.started("a"))
    sink.emit(run.begins(STEP, name="a"))
    sink.emit(run.prints(STEP, b"::set-output name=a::b\n##[add-mask]e\n", name="a"))
    lines = out.getvalue().splitlines()[1:]
    assert not [line for line in lines if line.lstrip().startswith("::")]
    assert "##[" not in out.getvalue()


def test_gitlab_gets_sections(run: Run) -> None:
    out = io.StringIO()
    with GroupedSink(out, GitLabMarks(clock=lambda: 1700.4)) as sink:
        sink.emit(run.started("a"))
        sink.emit(run.succeeded("a"))
    text = out.getvalue()
    assert text.startswith("\x1b[0Ksection_start:1700:stagebuild_1\r\x1b[0Kbuild a\n")
    assert text.endswith("\x1b[0Ksection_end:1700:stagebuild_1\r\x1b[0K\n")


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "GITLAB_CI"])
def test_plain_lines_in_ci_are_grouped(variable: str) -> None:
    environ = {variable: "true", "CI": "true"}
    choice = choose_progress(ProgressMode.AUTO, io.StringIO(), environ)
    assert isinstance(open_sink(choice, io.StringIO()), GroupedSink)


def test_lines_of_json_are_never_grouped() -> None:
    choice = choose_progress(ProgressMode.RAWJSON, io.StringIO(), {"GITHUB_ACTIONS": "true"})
    assert choice.groups is None
