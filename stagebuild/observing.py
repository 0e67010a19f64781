"""What a build tells, attempt by attempt -> the newest one's timeline, and what came before it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stagebuild.progress.events import AttemptFailed
from stagebuild.result import Attempt
from stagebuild.timeline import TimelineBuilder

if TYPE_CHECKING:
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event
    from stagebuild.timeline import Timeline


class Observed:
    """
    What a build has told so far. For one thread.

    Args:
        spec: What is built.
    """

    def __init__(self, spec: BuildSpec) -> None:
        self._spec = spec
        self._builder = TimelineBuilder()
        self._failed: list[Attempt] = []
        self._began_s = time.perf_counter()

    def add(self, event: Event) -> None:
        """Take an event; in the order of the stream."""
        self._builder.add(event)
        if isinstance(event, AttemptFailed):
            self._failed.append(
                Attempt(
                    number=len(self._failed) + 1,
                    wall_s=event.wall_s,
                    error=event.error,
                    cause=event.cause,
                    wait_s=event.wait_s,
                )
            )

    def built(self) -> float:
        """
        Take note that everything is made, and only publishing is left: that alone may be repeated.

        Returns:
            The last moment that the engine told of, by its clock.
        """
        self._builder.keep()
        return self._builder.last_seen_s

    def timeline(self, *, blamed: str | None = None) -> Timeline:
        """
        Return where the newest attempt's time went.

        Args:
            blamed: Digest of the vertex that the engine's answer blames, or None.
        """
        return self._builder.build(
            wall_s=self._wall_s(), stage_order=_stage_order(self._spec), blamed=blamed
        )

    def attempts(
        self, *, error: str | None = None, cause: str | None = None
    ) -> tuple[Attempt, ...]:
        """Return every attempt, the one last that has just ended."""
        number = len(self._failed) + 1
        newest = Attempt(number=number, wall_s=self._wall_s(), error=error, cause=cause)
        return (*self._failed, newest)

    def _wall_s(self) -> float:
        """Return how long the newest attempt has taken."""
        before_s = sum(attempt.wall_s + attempt.wait_s for attempt in self._failed)
        return max(0.0, time.perf_counter() - self._began_s - before_s)


def _stage_order(spec: BuildSpec) -> tuple[str, ...]:
    """Return the stages' names in file order, ``stage-N`` for unnamed ones; none when unknown."""
    return () if spec.stages is None else tuple(stage.label for stage in spec.stages.stages)
