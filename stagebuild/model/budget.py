"""What an image may come to: the keys of ``budget``, read."""

from __future__ import annotations

from stagebuild.model.sizes import parse_shown_bytes
from stagebuild.values import frozen

NON_ROOT = "non-root"

BUDGET_KEYS = (
    "size",
    "growth",
    "layers",
    "forbid",
    "user",
    "labels",
    "max-duration",
    "min-cached",
)
BUDGET_LISTS = frozenset({"forbid", "labels"})


@frozen
class Growth:
    """
    How much larger than the last build an image may be.

    Attributes:
        size_bytes: So many bytes, or None.
        share: Such a share of the last one, 0.1 for a tenth; None when bytes are given.
    """

    size_bytes: int | None = None
    share: float | None = None

    def allowed_bytes(self, last_bytes: int) -> int:
        """Return how large the image may be."""
        if self.size_bytes is not None:
            return last_bytes + self.size_bytes
        return last_bytes + int(last_bytes * (self.share or 0.0))


@frozen
class Budget:
    """
    What an image may come to, checked after it is built and before anything is published.

    Attributes:
        size_bytes: Of its layers together, unpacked; None for any.
        growth: How much larger than the last build that it may be; None likewise.
        layers: How many it may have; None likewise.
        forbid: What must not be in it: executables and packages by name, paths with a ``/``;
            ``*`` stands for any characters, and ``executable:``, ``package:`` or ``path:`` says
            what is meant.
        user: Who it must run as: ``non-root``, or a user as the image names it; None for anybody.
        labels: Labels that it must have, ``NAME`` or ``NAME=VALUE``.
        max_duration_s: How long the build may take; None for any time.
        min_cached: The share of steps that must come from the cache, 0.0 to 1.0; None likewise.
    """

    size_bytes: int | None = None
    growth: Growth | None = None
    layers: int | None = None
    forbid: tuple[str, ...] = ()
    user: str | None = None
    labels: tuple[str, ...] = ()
    max_duration_s: float | None = None
    min_cached: float | None = None

    @property
    def of_image(self) -> bool:
        """Whether the image has to be looked at, and not only how the build went."""
        bounds = (self.size_bytes, self.growth, self.layers, self.user)
        return bool(self.forbid or self.labels or any(bound is not None for bound in bounds))


def parse_share(text: str) -> float:
    """
    Return the share that ``80%`` or ``0.8`` is.

    Raises:
        ValueError: It is neither, or not between 0 and 1.
    """
    number = text.strip()
    try:
        share = float(number[:-1]) / 100 if number.endswith("%") else float(number)
    except ValueError as error:
        raise ValueError(f'"{text}" is not a share such as 80%') from error
    if not 0.0 <= share <= 1.0:
        raise ValueError(f'"{text}" is not between 0% and 100%')
    return share


def parse_growth(text: str) -> Growth:
    """
    Return the growth that ``5%`` or ``10MB`` is.

    Raises:
        ValueError: It is neither.
    """
    if not text.strip().endswith("%"):
        return Growth(size_bytes=parse_shown_bytes(text))
    try:
        share = float(text.strip()[:-1]) / 100
    except ValueError as error:
        raise ValueError(f'"{text}" is not a growth such as 5% or 10MB') from error
    if not 0 <= share < float("inf"):
        raise ValueError(f'"{text}" is not a growth such as 5% or 10MB')
    return Growth(share=share)
