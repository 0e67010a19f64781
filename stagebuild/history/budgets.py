"""What is remembered of budgets, and what the last build weighed, for those of growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import BudgetExceeded, HistoryError
from stagebuild.history.records import BudgetRecord
from stagebuild.history.store import History

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.budgets.values import BudgetCheck
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.runevents import BuildEnded

_LOOKED_AT = 50


def last_unpacked_bytes(path: str, spec: BuildSpec) -> int | None:
    """
    Return the unpacked size of the last successful build of the same, or None when none is known.

    Args:
        path: The history's file; it is opened anew, since another thread writes to it.
        spec: What is built.
    """
    platforms = tuple(str(platform) for platform in spec.platforms)
    try:
        with History(path) as history:
            for record in history.builds(spec.name, limit=_LOOKED_AT, outcome="built"):
                same = (record.target, record.platforms) == (spec.target, platforms)
                if same and record.unpacked_bytes is not None:
                    return record.unpacked_bytes
    except HistoryError:
        return None
    return None


def budget_fields(ended: BuildEnded) -> dict[str, object]:
    """Return the fields of a record that tell of a build's budget."""
    result, error = ended.result, ended.error
    checks: Sequence[BudgetCheck] = ()
    size_bytes = None
    if result is not None and result.budget is not None:
        checks, size_bytes = result.budget.checks, result.budget.size_bytes
    elif isinstance(error, BudgetExceeded):
        checks = error.checks
    return {
        "unpacked_bytes": size_bytes,
        "budget": tuple(
            BudgetRecord(
                key=check.key,
                limit=check.limit,
                actual=check.actual,
                met=check.met,
                platform=check.platform,
            )
            for check in checks
        ),
    }
