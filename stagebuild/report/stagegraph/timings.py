"""A build's figures by stage, out of the document that ``stagebuild --json`` printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.report.quantities import duration
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@frozen
class StageFigures:
    """
    What a build says of a stage.

    Attributes:
        busy_s: Time in which something of it ran.
        steps: How many steps it has.
        cached_steps: How many of them came from the cache.
        is_critical: Whether it is on the critical path of a build.
        failed: Whether one of its steps failed.
    """

    busy_s: float
    steps: int
    cached_steps: int
    is_critical: bool
    failed: bool

    @property
    def text(self) -> str:
        """In a few words: ``12.1 s, 1/4 cached``."""
        cached = f", {self.cached_steps}/{self.steps} cached" if self.steps else ""
        return f"{'failed, ' * self.failed}{duration(self.busy_s)}{cached}"


def figures_of(document: Mapping[str, Any]) -> dict[str, StageFigures]:
    """
    Return the figures by stage name.

    Of a stage that several builds have, those of the build in which it took longest: the others
    found its steps in the cache, or shared them.

    Raises:
        ValueError: It is no such document.
    """
    try:
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


def _timelines(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for result in document["results"].values():
        yield result["timeline"]
    for error in document["errors"]:
        if error.get("timeline"):
            yield error["timeline"]
