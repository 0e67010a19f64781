"""
A run as Markdown: for a job's summary on GitHub, a merge request on GitLab, a comment.

What matters most comes first, and what does not fit is left out from the end. Texts of strangers
can't become markup: they are escaped, or stand in a fence that is longer than any in them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.report.cells import clean
from stagebuild.report.quantities import duration, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stagebuild.report.runs.values import BuildReport, FailureReport, RunReport

LIMIT_BYTES = 1024 * 1024
"""What GitHub takes as a step's summary; a larger one is not shown at all."""

_MARKS = {"built": "✅", "skipped": "✅", "failed": "❌", "held back": "❌", "canceled": "⏹️"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
_NEGLIGIBLE_S = 0.05  # shows as 0.0 s
_LEFT_OUT = "\n_The rest did not fit and was left out._\n"


def markdown(run: RunReport, *, limit_bytes: int = LIMIT_BYTES) -> str:
    """
    Return the page, with a final line end.

    Args:
        run: The run.
        limit_bytes: How long it may be, as UTF-8.
    """
    room = limit_bytes - len(_LEFT_OUT.encode())
    kept: list[str] = []
    for section in _sections(run):
        room -= len(section.encode("utf-8", "replace")) + 1
        if room < 0:
            return "\n".join(kept) + _LEFT_OUT
        kept.append(section)
    return "\n".join(kept)


def _sections(run: RunReport) -> Iterator[str]:
    yield f"## {_title(run)}\n"
    if run.builds:
        yield _overview(run)
    for failure in run.failures:
        yield _failure(failure)
    for build in run.builds:
        if build.failure is not None and build.outcome == "failed":
            yield f"### {_text(build.name)} failed\n"
            yield _failure(build.failure)
    for build in run.builds:
        yield from _details(build)
    for graph in run.graphs:
        yield _folded(f"Graph of {graph.title}", f"```mermaid\n{graph.mermaid}```\n")


def _details(build: BuildReport) -> Iterator[str]:
    if build.worse:
        yield "".join(f"- ⚠️ {_text(build.name)}: {_text(each)}\n" for each in build.worse)
    if build.stages:
        yield _folded(f"{build.name}: stages", _stages(build))
    if build.warnings:
        yield _folded(f"{build.name}: warnings", _warnings(build))


def _title(run: RunReport) -> str:
    names = ", ".join(build.name for build in run.asked_for)
    mark = "✅" if run.ok else "❌"
    shown = " ".join(filter(None, (run.project, names))) or "stagebuild"
    return f"{mark} {_text(shown)} in {duration(run.wall_s)}"


def _overview(run: RunReport) -> str:
    rows = [
        (
            f"{_MARKS[build.outcome]} {_text(build.name)}",
            build.outcome,
            duration(build.wall_s),
            f"{build.cached_count}/{build.step_count}" if build.step_count else "",
            "" if build.sizes is None else size(build.sizes.total_bytes),
            "" if build.image is None else _code(build.image),
        )
        for build in run.builds
    ]
    return _table(("build", "outcome", "took", "cached", "size", "image"), rows)


def _failure(failure: FailureReport) -> str:
    place = failure.path or ""
    if failure.line is not None:
        place += f":{failure.line}"
    lines = [f"**{_text(failure.short)}**" + f" at {_code(place)}" * bool(place), ""]
    if failure.step:
        lines += [_fenced(failure.step)]
    if failure.log_tail:
        lines += ["Last lines of its log:", "", _fenced("\n".join(failure.log_tail))]
    elif failure.message not in failure.short:
        lines += [_fenced(failure.message)]
    if failure.hint:
        lines += [f"What to do: {_text(failure.hint)}", ""]
    return "\n".join(lines)


def _stages(build: BuildReport) -> str:
    critical = {
        segment.stage
        for segment in (build.timeline.critical_path if build.timeline else ())
        if segment.length_s >= _NEGLIGIBLE_S
    }
    weights = {} if build.sizes is None else build.sizes.by_stage()
    rows = []
    for stage in build.stages:
        platform = stage.built_for or stage.platform
        rows.append(
            (
                _text(stage.name if platform is None else f"{stage.name} {platform}"),
                "cached" if stage.steps == stage.cached_steps else duration(stage.busy_s),
                f"{stage.cached_steps}/{stage.steps}",
                size(weights[stage.name]) if stage.name in weights else "",
                "critical path" if stage.name in critical else "",
            )
        )
    for row in build.timeline.overheads if build.timeline else ():
        if row.busy_s >= _NEGLIGIBLE_S:
            moved = "" if row.size_bytes is None else size(row.size_bytes)
            rows.append((f"_{_text(row.kind)}_", duration(row.busy_s), "", moved, ""))
    return _table(("stage", "busy", "cached", "size", ""), rows)


def _warnings(build: BuildReport) -> str:
    lines = []
    for warning in build.warnings:
        place = "" if warning.path is None else f" {_code(f'{warning.path}:{warning.line or 1}')}"
        lines.append(f"- {_text(warning.message)}{place}\n")
    return "".join(lines)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{_text(summary)}</summary>\n\n{content}\n</details>\n"


def _text(value: str) -> str:
    """Return a text that Markdown and HTML leave as it is, on one line."""
    line = clean(" ".join(value.split()))
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # "@name" and "#1" would call for people and issues.
    return _SPECIAL.sub(r"\\\1", escaped).replace("@", "@\u200b")


def _code(value: str) -> str:
    """Return an inline code span; a bar in it would end a table's cell."""
    line = clean(" ".join(value.split())).replace("|", "¦")
    ticks = "`" * (_longest(line, "`") + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{space}{line}{space}{ticks}"


def _fenced(value: str) -> str:
    lines = "\n".join(map(clean, value.split("\n")))
    fence = "`" * max(3, _longest(lines, "`") + 1)
    return f"{fence}text\n{lines}\n{fence}\n"


def _longest(value: str, mark: str) -> int:
    return max(map(len, re.findall(f"{re.escape(mark)}+", value)), default=0)
