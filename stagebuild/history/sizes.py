"""What the last build of an environment weighed, for budgets of growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import HistoryError
from stagebuild.history.store import History

if TYPE_CHECKING:
    from stagebuild.planning.spec import BuildSpec

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
