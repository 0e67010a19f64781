"""Figures by stage, of a build or a forecast: out of the document that ``--json`` printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.report.quantities import duration
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@frozen
class StageFigures:
    """
    What a build or a forecast says of a stage.

    Attributes:
        busy_s: Time in which something of it ran, or is expected to.
        steps: How many steps it has.
        cached_steps: How many of them came from the cache.
        is_critical: Whether it is on the critical path of a build.
        failed: Whether one of its steps failed.
        is_forecast: Whether none of this has happened yet.
    """

    busy_s: float
    steps: int
    cached_steps: int
    is_critical: bool
    failed: bool
    is_forecast: bool = False

    @property
    def text(self) -> str:
        """In a few words: ``12.1 s, 1/4 cached``; ``about 12.1 s, …`` where it is expected."""
        if self.is_forecast and self.steps and self.cached_steps == self.steps:
            return "cached"
        cached = f", {self.cached_steps}/{self.steps} cached" if self.steps else ""
        before = "failed, " * self.failed + "about " * self.is_forecast
        return f"{before}{duration(self.busy_s)}{cached}"


def figures_of(document: Mapping[str, Any]) -> dict[str, StageFigures]:
    """
    Return the figures by stage name.

    Of a stage that several builds have, those of the build in which it took longest: the others
    found its steps in the cache, or shared them.

    Args:
        document: What a build, or ``stagebuild plan``, printed for ``--json``.

    Raises:
        ValueError: It is no such document.
    """
    try:
        if "results" not in document:
            return _expected(document)
        found: dict[str, StageFigures] = {}
        for timeline in _timelines(document):
            critical = {segment["stage"] for segment in timeline["critical_path"]}
            for stage in timeline["stages"]:
                figures = StageFigures(
                    busy_s=float(stage["busy_s"]),
                    steps=int(stage["steps"]),
                    cached_steps=int(stage["cached_steps"]),
                    is_critical=stage["name"] in critical,
                    failed=stage["error"] is not None,
                )
                known = found.get(stage["name"])
                if known is None or figures.busy_s > known.busy_s:
                    found[stage["name"]] = figures
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it is no document that stagebuild --json prints") from error
    return found


def _expected(document: Mapping[str, Any]) -> dict[str, StageFigures]:
    """Return what a plan expects; of a stage of several builds, where most of it runs."""
    found: dict[str, StageFigures] = {}
    for build in document["builds"].values():
        for stage in build["stages"]:
            figures = StageFigures(
                busy_s=float(stage["expected_s"]),
                steps=len(stage["steps"]),
                cached_steps=sum(step["state"] == "cached" for step in stage["steps"]),
                is_critical=False,
                failed=False,
                is_forecast=True,
            )
            known = found.get(stage["name"])
            if known is None or figures.cached_steps < known.cached_steps:
                found[stage["name"]] = figures
    return found


def _timelines(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for result in document["results"].values():
        yield result["timeline"]
    for error in document["errors"]:
        if error.get("timeline"):
            yield error["timeline"]
