"""When a build did what: the moments between which its time goes, from the engine's own words."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from stagebuild.progress.events import VertexUpdate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stagebuild.progress.events import Event

_CONTEXT = "[internal] load build context"


def moments_of(
    events: Iterable[Event], *, began_s: float, asked_s: float, answered_s: float
) -> str:
    """
    Return, as JSON, seconds since 1970 by moment, in order.

    Args:
        events: Of a build.
        began_s: When the process' first line ran.
        asked_s: When the build was asked for.
        answered_s: When it was over.
    """
    spans = [
        (event.name, event.started_s, event.completed_s)
        for event in events
        if isinstance(event, VertexUpdate) and event.started_s and event.completed_s
    ]
    context = [(start, end) for name, start, end in spans if name == _CONTEXT]
    return json.dumps(
        {
            "began": began_s,
            "asked": asked_s,
            "first step": min(start for _, start, _ in spans),
            "context": min(start for start, _ in context),
            "context sent": max(end for _, end in context),
            "last step": max(end for _, _, end in spans),
            "answered": answered_s,
            "told": time.time(),
        }
    )
