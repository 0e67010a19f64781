"""
How often and after how long a failed build is tried again, by what kind of failure it was. Pure.

BuildKit tries a registry again itself, after 1, 2 and 4 s; what is left after that needs more time,
or no second try. Source: moby/buildkit util/resolver/retryhandler/retry.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.backends.failureclasses import FailureClass
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BUDGET_S = 300.0
"""How long one build waits between its attempts altogether, in seconds."""


@frozen
class Patience:
    """
    How a class of failure is tried again.

    Attributes:
        retries: At most so often; None is as often as the build allows.
        first_wait_s: Before the second attempt; each further one doubles it.
        longest_wait_s: The doubling ends here.
    """

    retries: int | None
    first_wait_s: float
    longest_wait_s: float


PATIENCE = {
    FailureClass.REGISTRY_BUSY: Patience(retries=None, first_wait_s=15.0, longest_wait_s=120.0),
    FailureClass.REGISTRY_ERROR: Patience(retries=None, first_wait_s=2.0, longest_wait_s=30.0),
    FailureClass.NETWORK: Patience(retries=None, first_wait_s=2.0, longest_wait_s=30.0),
    FailureClass.REGISTRY_CONFLICT: Patience(retries=1, first_wait_s=2.0, longest_wait_s=2.0),
    FailureClass.BUILDER: Patience(retries=2, first_wait_s=2.0, longest_wait_s=8.0),
    FailureClass.BUILDER_GONE: Patience(retries=None, first_wait_s=2.0, longest_wait_s=10.0),
    FailureClass.STEP: Patience(retries=None, first_wait_s=1.0, longest_wait_s=10.0),
}
"""The classes that are worth a second try; a step only where the build says so."""


@frozen
class Tried:
    """
    An attempt that failed.

    Attributes:
        cause: What kind of failure it was.
        asked_s: How long the other side asked to wait, in seconds, or None.
        wait_s: How long was waited after it; 0.0 for the newest.
    """

    cause: FailureClass
    asked_s: float | None = None
    wait_s: float = 0.0


def next_wait_s(
    tried: Sequence[Tried],
    *,
    retries: int,
    budget_s: float,
    jitter: float,
    limits: Mapping[str, int] | None = None,
) -> float | None:
    """
    Return how long to wait before the next attempt, in seconds; None when there is to be none.

    Args:
        tried: The attempts so far, all of which failed; at least one.
        retries: How many attempts may follow the first.
        budget_s: How long may be waited altogether.
        limits: How many may follow by class, as ``registry-busy``; of others ``PATIENCE`` says it.
        jitter: From 0.0 to 1.0. At least half of a wait is kept: builds that failed together come
            back apart, but none at once. What the other side asked for is never shortened.
    """
    newest = tried[-1]
    patience = PATIENCE.get(newest.cause)
    if patience is None or len(tried) > retries:
        return None
    number = sum(attempt.cause is newest.cause for attempt in tried)
    limit = (limits or {}).get(newest.cause.value.replace(" ", "-"), patience.retries)
    if limit is not None and number > limit:
        return None
    full_s = min(patience.first_wait_s * 2 ** (number - 1), patience.longest_wait_s)
    wait_s = full_s * (0.5 + 0.5 * jitter)
    if newest.asked_s is not None:
        wait_s = max(wait_s, newest.asked_s + jitter)
    waited_s = sum(attempt.wait_s for attempt in tried)
    return wait_s if waited_s + wait_s <= budget_s else None
