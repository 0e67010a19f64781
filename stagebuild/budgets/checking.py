"""A budget, an image and how its build went -> what is met and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.budgets.forbidden import found_of
from stagebuild.budgets.values import BudgetCheck, BudgetReport, Culprit
from stagebuild.errors import BudgetExceeded
from stagebuild.model.budget import NON_ROOT
from stagebuild.model.sizes import shown_bytes
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stagebuild.contents.image import ImageContent
    from stagebuild.model import Budget
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.result import Attempt
    from stagebuild.sizes import LayerSize
    from stagebuild.timeline import StepTiming, Timeline

_MOST_NAMED = 5
_LONGEST_STEP = 100


@frozen
class Came:
    """
    What a build came to.

    Attributes:
        images: What is in the image, by platform; none when it was not looked at.
        timeline: Where the time went.
        duration_s: How long the build took, all attempts together, without waiting for gates.
        last_bytes: What the last build weighed, or None when none is known.
        line_of: The Dockerfile's line of a stage's step, by its number.
    """

    images: Sequence[ImageContent]
    timeline: Timeline
    duration_s: float
    last_bytes: int | None
    line_of: Callable[[str | None, int], int | None]


def check_budget(budget: Budget, came: Came) -> BudgetReport:
    """Return what a build came to, against its budget."""
    several = len(came.images) > 1
    checks = [
        check
        for image in came.images
        for check in _of_image(budget, image, came.last_bytes, image.platform if several else None)
    ]
    checks += _of_build(budget, came)
    sizes = [image.sizes.total_bytes for image in came.images]
    return BudgetReport(checks=tuple(checks), size_bytes=max(sizes, default=None))


def exceeded(
    spec: BuildSpec, report: BudgetReport, timeline: Timeline, attempts: Sequence[Attempt]
) -> BudgetExceeded:
    """Return the error for a build that came to more than its budget allows."""
    blamed = next((check.culprit for check in report.excesses if check.culprit), None)
    lines = [_told(check) for check in report.excesses]
    first = f"not published, over its budget: {lines[0]}"
    return BudgetExceeded(
        "\n".join([first, *(f"also over its budget: {line}" for line in lines[1:])]),
        build=spec.name,
        checks=report.checks,
        stage=None if blamed is None else blamed.stage,
        step=None if blamed is None else blamed.step,
        path=None if blamed is None or blamed.line is None else spec.dockerfile_shown,
        line=None if blamed is None else blamed.line,
        timeline=timeline,
        attempts=attempts,
        hint=f"change the image, or environments.{spec.name}.budget, which says what it may be",
    )


def _told(check: BudgetCheck) -> str:
    platform = "" if check.platform is None else f" ({check.platform})"
    words = f"{check.key}{platform}: {check.actual}, and {check.limit}"
    culprit = check.culprit
    if culprit is None:
        return words
    place = "the base image" if culprit.stage is None else f"stage {culprit.stage}"
    line = "" if culprit.line is None else f", line {culprit.line}"
    cost = "" if culprit.size_bytes is None else f" ({shown_bytes(culprit.size_bytes)})"
    layer = "" if culprit.layer is None else f", layer {culprit.layer.partition(':')[2][:12]}"
    return f"{words}; from {place}{line}{layer}{cost}: {culprit.step}"


def _of_image(
    budget: Budget, image: ImageContent, last_bytes: int | None, platform: str | None
) -> Iterator[BudgetCheck]:
    largest = max(image.sizes.layers, key=lambda layer: layer.size_bytes, default=None)
    total = image.sizes.total_bytes
    if budget.size_bytes is not None:
        yield _bound("size", total, budget.size_bytes, platform, _of_layer(largest))
    if budget.growth is not None and last_bytes is not None:
        allowed = budget.growth.allowed_bytes(last_bytes)
        told = f"{shown_bytes(total)} after {shown_bytes(last_bytes)}"
        check = _bound("growth", total, allowed, platform, _of_layer(largest), actual=told)
        yield check
    elif budget.growth is not None:
        yield BudgetCheck(
            key="growth",
            limit="it is compared with the last build",
            actual=f"{shown_bytes(total)}, and no earlier build is known",
            met=True,
            actual_value=total,
            platform=platform,
        )
    if budget.layers is not None:
        count = len(image.sizes.layers)
        yield BudgetCheck(
            key="layers",
            limit=f"{budget.layers} are allowed",
            actual=f"it has {count}",
            met=count <= budget.layers,
            limit_value=budget.layers,
            actual_value=count,
            platform=platform,
            culprit=_blamed(count > budget.layers, _of_layer(largest)),
        )
    if budget.forbid:
        yield _forbidden(budget, image, platform)
    if budget.user is not None:
        yield _user(budget.user, image, platform)
    if budget.labels:
        yield _labels(budget.labels, image, platform)


def _bound(
    key: str,
    total: int,
    limit: int,
    platform: str | None,
    culprit: Culprit | None,
    *,
    actual: str | None = None,
) -> BudgetCheck:
    return BudgetCheck(
        key=key,
        limit=f"{shown_bytes(limit)} is allowed",
        actual=actual or f"it weighs {shown_bytes(total)}",
        met=total <= limit,
        limit_value=limit,
        actual_value=total,
        platform=platform,
        culprit=_blamed(total > limit, culprit),
    )


def _blamed(over: bool, culprit: Culprit | None) -> Culprit | None:
    return culprit if over else None


def _of_layer(layer: LayerSize | None) -> Culprit | None:
    if layer is None:
        return None
    return Culprit(
        step=_short(layer.created_by),
        stage=layer.stage,
        line=layer.line,
        layer=layer.digest,
        size_bytes=layer.size_bytes,
    )


def _forbidden(budget: Budget, image: ImageContent, platform: str | None) -> BudgetCheck:
    found = [offense for pattern in budget.forbid for offense in found_of(pattern, image)]
    named = ", ".join(offense.name for offense in found[:_MOST_NAMED])
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    first = next((offense.layer for offense in found if offense.layer is not None), None)
    layers = image.sizes.layers
    return BudgetCheck(
        key="forbid",
        limit=f"{', '.join(budget.forbid)} must not be in it",
        actual=f"it has {named}{more}" if found else "nothing of it is there",
        met=not found,
        actual_value=len(found),
        limit_value=0,
        platform=platform,
        culprit=None if first is None or first >= len(layers) else _of_layer(layers[first]),
    )


def _user(wanted: str, image: ImageContent, platform: str | None) -> BudgetCheck:
    user = image.user
    if wanted == NON_ROOT:
        met = user.partition(":")[0] not in ("", "root", "0")
        limit = "it must not run as root"
    else:
        met = user == wanted
        limit = f"it must run as {wanted}"
    return BudgetCheck(
        key="user",
        limit=limit,
        actual=f"it runs as {user or 'root, since no USER is set'}",
        met=met,
        platform=platform,
    )


def _labels(wanted: Sequence[str], image: ImageContent, platform: str | None) -> BudgetCheck:
    missing = []
    for label in wanted:
        name, equals, value = label.partition("=")
        if name not in image.labels or (equals and image.labels[name] != value):
            missing.append(label)
    return BudgetCheck(
        key="labels",
        limit=f"{', '.join(wanted)} must be set",
        actual=f"it lacks {', '.join(missing)}" if missing else "all are there",
        met=not missing,
        platform=platform,
    )


def _of_build(budget: Budget, came: Came) -> Iterator[BudgetCheck]:
    steps = [step for stage in came.timeline.stages for step in stage.step_timings]
    ran = [step for step in steps if not step.cached]
    slowest = max(ran, key=lambda step: step.busy_s, default=None)
    culprit = None if slowest is None else _of_step(slowest, came)
    if budget.max_duration_s is not None:
        over = came.duration_s > budget.max_duration_s
        yield BudgetCheck(
            key="max-duration",
            limit=f"{budget.max_duration_s:g} s are allowed",
            actual=f"it took {came.duration_s:.1f} s",
            met=not over,
            limit_value=budget.max_duration_s,
            actual_value=round(came.duration_s, 3),
            culprit=_blamed(over, culprit),
        )
    if budget.min_cached is not None:
        share = 1 - len(ran) / len(steps) if steps else 1.0
        under = share < budget.min_cached - 1e-9
        yield BudgetCheck(
            key="min-cached",
            limit=f"{budget.min_cached:.0%} are wanted",
            actual=f"{share:.0%} of the steps came from the cache ({len(ran)} of {len(steps)} ran)",
            met=not under,
            limit_value=budget.min_cached,
            actual_value=round(share, 6),
            culprit=_blamed(under, culprit),
        )


def _of_step(step: StepTiming, came: Came) -> Culprit:
    return Culprit(
        step=_short(step.command), stage=step.stage, line=came.line_of(step.stage, step.index)
    )


def _short(text: str) -> str:
    line = " ".join(text.removesuffix("# buildkit").split())
    return line if len(line) <= _LONGEST_STEP else line[: _LONGEST_STEP - 1] + "…"
