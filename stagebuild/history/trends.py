"""
Builds over time -> what got worse. Pure.

Only like is compared with like: a stage's time with earlier builds in which the same of its steps
ran, an image's size with the build before on the same platforms and counted the same way.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stagebuild.history.records import BuildRecord, LayerRecord, StageRecord

COMPARED = 20
"""How many earlier runs of a stage say what is usual."""

FEWEST = 5
"""With fewer of them nothing is said."""

_MAD_TO_DEVIATION = 1.4826
_DEVIATIONS = 3.0
_LEAST_SHARE = 0.2
_LEAST_S = 0.5
LEAST_GROWTH = 0.05
"""By which share an image has to grow to be told of."""


@frozen
class Spread:
    """
    What is usual.

    Attributes:
        typical_s: The median.
        allowed_s: Above it: three deviations, estimated by the median deviation, since one slow
            run in twenty must not hide the next; at least a fifth of the median, and half a second.
        runs: Of how many runs.
    """

    typical_s: float
    allowed_s: float
    runs: int


@frozen
class SlowerStage:
    """
    A stage that took longer than usual.

    Attributes:
        stage: Its label.
        took_s: In the build looked at.
        spread: What is usual.
    """

    stage: str
    took_s: float
    spread: Spread


@frozen
class LargerImage:
    """
    An image that grew.

    Attributes:
        before_bytes: In the build before.
        after_bytes: In the build looked at.
        layer: The layer that grew most, or None when layers are unknown.
        layer_growth_bytes: By how much.
    """

    before_bytes: int
    after_bytes: int
    layer: LayerRecord | None
    layer_growth_bytes: int

    @property
    def share(self) -> float:
        """Growth as a share of what it was before."""
        return self.after_bytes / self.before_bytes - 1.0


Regression = SlowerStage | LargerImage


def spread_of(durations_s: Sequence[float]) -> Spread:
    """Return what is usual among durations; there is at least one."""
    typical_s = median(durations_s)
    deviation_s = _MAD_TO_DEVIATION * median(abs(one - typical_s) for one in durations_s)
    return Spread(
        typical_s=typical_s,
        allowed_s=max(_DEVIATIONS * deviation_s, _LEAST_SHARE * typical_s, _LEAST_S),
        runs=len(durations_s),
    )


def regressions(latest: BuildRecord, earlier: Iterable[BuildRecord]) -> list[Regression]:
    """
    Return what got worse in ``latest``, slower stages first.

    Args:
        latest: The build to look at.
        earlier: Builds of the same environment before it, newest first.
    """
    before = [build for build in earlier if build.outcome == "built"]
    found: list[Regression] = []
    for stage in latest.stages:
        slower = _slower(stage, before)
        if slower is not None:
            found.append(slower)
    larger = _larger(latest, before)
    return found if larger is None else [*found, larger]


def _slower(stage: StageRecord, before: Iterable[BuildRecord]) -> SlowerStage | None:
    if not stage.ran:
        return None
    usual_s = [
        other.busy_s
        for build in before
        for other in build.stages
        if (other.name, other.platform, other.ran) == (stage.name, stage.platform, stage.ran)
    ][:COMPARED]
    if len(usual_s) < FEWEST:
        return None
    spread = spread_of(usual_s)
    if stage.busy_s <= spread.typical_s + spread.allowed_s:
        return None
    return SlowerStage(stage=stage.label, took_s=stage.busy_s, spread=spread)


def _larger(latest: BuildRecord, before: Iterable[BuildRecord]) -> LargerImage | None:
    if latest.size_bytes is None:
        return None
    for build in before:
        alike = (build.platforms, build.compressed) == (latest.platforms, latest.compressed)
        if build.size_bytes and alike:
            break
    else:
        return None
    if latest.size_bytes <= build.size_bytes * (1 + LEAST_GROWTH):
        return None
    was: dict[str, int] = {}
    for layer in build.layers:
        was[layer.created_by] = was.get(layer.created_by, 0) + layer.size_bytes
    growth = [(layer.size_bytes - was.get(layer.created_by, 0), layer) for layer in latest.layers]
    most = max(growth, key=lambda pair: pair[0], default=None)
    return LargerImage(
        before_bytes=build.size_bytes,
        after_bytes=latest.size_bytes,
        layer=None if most is None else most[1],
        layer_growth_bytes=0 if most is None else most[0],
    )
