"""
A run as JUnit XML, which CI systems show as test results: each gate a test, and each build.

What failed is a failure with the last lines of its log; what was canceled, or held back by a gate,
was skipped.

Source: the schema of the Apache Ant JUnit task, as GitLab and Jenkins read it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from stagebuild.report.cells import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.report.runs.values import BuildReport, RunReport


def junit(run: RunReport) -> str:
    """Return the document, with a final line end."""
    gates = [(build, f"gate of {', '.join(waiting)}") for build, waiting in run.gates]
    names = {build.name for build, _ in gates}
    others = [(build, "build") for build in run.builds if build.name not in names]
    suites = [
        _suite(name, cases, run)
        for name, cases in (("gates", gates), ("builds", others))
        if cases or name == "builds"
    ]
    name = _attribute(run.project or "stagebuild")
    counts = _counts([build for build, _ in (*gates, *others)])
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<testsuites name={name} time={_seconds(run.wall_s)} {counts}>",
            *suites,
            "</testsuites>\n",
        ]
    )


def _suite(name: str, cases: Sequence[tuple[BuildReport, str]], run: RunReport) -> str:
    builds = [build for build, _ in cases]
    moment = ""
    if run.started_s is not None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(run.started_s))
        moment = f" timestamp={_attribute(stamp)}"
    took = _seconds(sum(build.wall_s for build in builds))
    return "\n".join(
        [
            f"<testsuite name={_attribute(name)} {_counts(builds)} time={took}{moment}>",
            *(_case(build, role) for build, role in cases),
            "</testsuite>",
        ]
    )


def _counts(builds: Sequence[BuildReport]) -> str:
    failures = sum(build.outcome == "failed" for build in builds)
    skipped = sum(build.outcome in ("canceled", "held back") for build in builds)
    return f'tests="{len(builds)}" failures="{failures}" errors="0" skipped="{skipped}"'


def _case(build: BuildReport, role: str) -> str:
    place = f" file={_attribute(build.dockerfile)}" if build.dockerfile else ""
    head = (
        f"<testcase name={_attribute(build.name)} classname={_attribute(f'stagebuild.{role}')}"
        f" time={_seconds(build.wall_s)}{place}"
    )
    failure = build.failure
    if failure is None:
        return f"{head}/>"
    why = _attribute(failure.short)
    if build.outcome != "failed":
        return f"{head}><skipped message={why}/></testcase>"
    where = failure.path or ""
    if failure.line is not None:
        where += f":{failure.line}"
    lines = [*filter(None, (where, failure.step, failure.message, "")), *failure.log_tail]
    body = escape(_xml("\n".join(lines)))
    return (
        f"{head}><failure message={why} type={_attribute(failure.kind)}>{body}</failure></testcase>"
    )


def _seconds(value: float) -> str:
    return f'"{value:.3f}"'


def _attribute(value: str) -> str:
    return quoteattr(_xml(value))


def _xml(value: str) -> str:
    """Return a text without the characters that XML can't hold."""
    lines = "\n".join(map(clean, value.split("\n")))
    return (
        "".join(each for each in lines if each not in "\ufffe\uffff")
        .encode("utf-8", "replace")
        .decode()
    )
