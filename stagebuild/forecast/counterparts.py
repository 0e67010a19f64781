"""Which step of an earlier build is which step now. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.fingerprint.values import StepPrint


def counterparts(now: Sequence[StepPrint], before: Sequence[StepPrint]) -> dict[int, StepPrint]:
    """
    Return the earlier step by number of the step now; a new step has none.

    Steps that are the same by themselves are matched first, in order; between them, those that
    have the same keyword. So an instruction that was put in between is new, and those after it
    are not.

    Args:
        now: The steps of a stage, by number.
        before: The steps of the same stage in an earlier build, by number.
    """
    matched: dict[int, StepPrint] = {}
    last_now = last_before = 0
    for i, j in [*_common(now, before), (len(now), len(before))]:
        _match_keywords(now[last_now:i], before[last_before:j], matched)
        if i < len(now):
            matched[now[i].number] = before[j]
        last_now, last_before = i + 1, j + 1
    return matched


def _match_keywords(
    now: Sequence[StepPrint], before: Sequence[StepPrint], matched: dict[int, StepPrint]
) -> None:
    rest = list(before)
    for step in now:
        for position, other in enumerate(rest):
            if _keyword(other) == _keyword(step):
                matched[step.number] = other
                del rest[: position + 1]
                break


def _keyword(step: StepPrint) -> str:
    return step.facts.instruction.partition(" ")[0]


def _common(now: Sequence[StepPrint], before: Sequence[StepPrint]) -> list[tuple[int, int]]:
    """Return the positions of a longest common subsequence, by the steps' own keys."""
    lengths = [[0] * (len(before) + 1) for _ in range(len(now) + 1)]
    for i in range(len(now) - 1, -1, -1):
        for j in range(len(before) - 1, -1, -1):
            if now[i].own == before[j].own:
                lengths[i][j] = lengths[i + 1][j + 1] + 1
            else:
                lengths[i][j] = max(lengths[i + 1][j], lengths[i][j + 1])
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(now) and j < len(before):
        if now[i].own == before[j].own:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs
