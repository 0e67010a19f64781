"""What each fault should end in: success after another attempt, or the right error. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import RegistryFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.cells import Cell
    from tests.faults.lab import Outcome

LONGEST_S = 90.0
"""What takes longer hangs: BuildKit's own attempts take 7 s each, ours a third of one."""

TRANSIENT = {
    *("429", "429, Retry-After", "500", "502", "503", "504", "reset", "EOF"),
    *("DNS failure", "TLS broken off"),
}
PERMANENT = {
    *("401", "403", "404", "405, read-only", "413"),
    *("unknown host", "wrong certificate"),
}

# A manifest is then looked for under the digest that it does not have, and an upload not believed.
_ALSO_PERMANENT = {("wrong digest", "resolve")}
_ALSO_TRANSIENT = {("wrong digest", "push")}

# An answer to a push has no body worth breaking, and one of a look-up is small.
_HARMLESS = {"slow", "cut", "truncated", "corrupt", "wrong digest", "401 once"}

# What a step fetches has no digest to be checked against.
_UNSEEN_BY_STEPS = {"slow", "truncated", "corrupt", "wrong digest"}


def mistakes(cell: Cell, outcome: Outcome) -> list[str]:
    """Return what is not as it should be, in words; nothing when all is well."""
    found = [] if outcome.hits else ["the fault never happened"]
    if outcome.wall_s > LONGEST_S:
        found.append(f"took {outcome.wall_s:.0f} s")
    if outcome.left:
        found.append("an image of a failed build is in the registry")
    if cell.lasts:
        return [*found, *_refused(outcome, attempts=2)]
    if cell.phase.startswith("cache"):
        return [*found, *_of_cache(cell, outcome)]
    if cell.phase.startswith("run"):
        return [*found, *_of_step(cell, outcome)]
    return [*found, *_of_registry(cell, outcome)]


def _of_registry(cell: Cell, outcome: Outcome) -> Iterator[str]:
    name, case = cell.fault.name, (cell.fault.name, cell.phase)
    if name in PERMANENT or case in _ALSO_PERMANENT:
        yield from _refused(outcome, attempts=1)
    elif name == "corrupt" and outcome.error is not None:
        # The engine keeps the bytes that it got and goes on from them, so nothing helps any more
        # (containerd#3974); the second attempt is one too many, but the first can't know.
        yield from _refused(outcome, attempts=2)
    elif outcome.error is not None:
        yield f"failed: {outcome.error}"
    elif (name in TRANSIENT or case in _ALSO_TRANSIENT) and len(outcome.attempts) < 2:
        yield "succeeded at once although the fault lasted until an attempt failed"


def _refused(outcome: Outcome, *, attempts: int) -> Iterator[str]:
    if not isinstance(outcome.error, RegistryFailed):
        yield f"ended with {outcome.error!r}, not as a registry's failure"
    if len(outcome.attempts) != attempts:
        yield f"took {len(outcome.attempts)} attempts to give up"


def _of_cache(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """A cache never fails a build, and is one warning."""
    is_empty = cell.fault.name == "404" and cell.phase == "cache import"
    if outcome.result is None:
        yield f"a cache failed the build: {outcome.error}"
    elif cell.fault.name not in _HARMLESS and len(outcome.result.warnings) != (not is_empty):
        yield f"{len(outcome.result.warnings)} warnings"


def _of_step(cell: Cell, outcome: Outcome) -> Iterator[str]:
    """A step that fails is never repeated, unless its stage opts in; then whatever it was."""
    is_seen, may_repeat = cell.fault.name not in _UNSEEN_BY_STEPS, cell.phase != "run"
    if (outcome.error is not None) != (is_seen and not may_repeat):
        yield f"ended with {outcome.error!r}"
    elif outcome.error is not None and outcome.attempts[-1].cause != "step":
        yield f"{outcome.attempts[-1].cause} is why it failed"
    if len(outcome.attempts) != (2 if is_seen and may_repeat else 1):
        yield f"{len(outcome.attempts)} attempts"
