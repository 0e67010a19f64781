"""What was checked of a build, and what it came to."""

from __future__ import annotations

from stagebuild.values import frozen


@frozen
class Culprit:
    """
    What cost most.

    Attributes:
        step: The instruction, as the image's history or BuildKit tells it.
        stage: Its stage, or None for the base image's.
        line: 1-based line of the Dockerfile, or None.
        layer: Digest of its layer, or None where time and not size is meant.
        size_bytes: Of the layer, or None likewise.
    """

    step: str
    stage: str | None = None
    line: int | None = None
    layer: str | None = None
    size_bytes: int | None = None


@frozen
class BudgetCheck:
    """
    One key of a budget, checked; on one platform, where it is about the image.

    Attributes:
        key: As in the configuration, ``size``.
        limit: What is allowed, for people: ``120.0 MB``.
        actual: What it came to, likewise; names what is forbidden and there, or wanted and missing.
        met: Whether the budget is kept.
        limit_value: The same as a number, of bytes, layers, seconds or a share; None for others.
        actual_value: Likewise.
        platform: As ``linux/amd64``; None where it is about the build.
        culprit: What cost most, for what is not met; None where nothing did.
    """

    key: str
    limit: str
    actual: str
    met: bool
    limit_value: float | None = None
    actual_value: float | None = None
    platform: str | None = None
    culprit: Culprit | None = None


@frozen
class BudgetReport:
    """
    A budget, checked.

    Attributes:
        checks: In the order of the budget's keys, for each platform.
        size_bytes: Of the image's layers, unpacked, of the largest platform; None when the image
            was not looked at.
    """

    checks: tuple[BudgetCheck, ...]
    size_bytes: int | None = None

    @property
    def excesses(self) -> tuple[BudgetCheck, ...]:
        """What is not met."""
        return tuple(check for check in self.checks if not check.met)
