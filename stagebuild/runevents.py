"""
What a run tells whoever watches: builds begin, progress and end, then the run ends.

A run executes one plan; its builds run at the same time and are told apart by name. These are the
only values that a sink ever gets. Times (``at_s``) are seconds since the epoch by this machine's
clock, while times inside a ``progress`` event are by the engine's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from stagebuild.errors import StagebuildError
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event
    from stagebuild.result import BuildResult


@frozen
class BuildStarted:
    """
    A build was handed to its backend.

    Attributes:
        build: Name of the build, ``spec.name``.
        spec: What is asked for.
        at_s: When.
    """

    build: str
    spec: BuildSpec
    at_s: float


@frozen
class Progressed:
    """
    The engine said something about a running build.

    Attributes:
        build: Name of the build.
        event: What it said.
    """

    build: str
    event: Event


@frozen
class Retrying:
    """
    A build failed in a way that is worth a second try, and will be started again.

    The progress that follows belongs to the new attempt.

    Attributes:
        build: Name of the build.
        attempt: Number of the attempt that failed, from 1.
        wait_s: How long until the next one.
        reason: Why it failed, in one line.
        at_s: When.
        cause: What kind of failure it was, as ``registry busy``.
    """

    build: str
    attempt: int
    wait_s: float
    reason: str
    at_s: float
    cause: str = ""


@frozen
class GatesAwaited:
    """
    A build has made everything, and waits for its gates before it publishes.

    Attributes:
        build: Name of the build.
        gates: Names of the builds that it waits for.
        at_s: When.
    """

    build: str
    gates: tuple[str, ...]
    at_s: float


@frozen
class BuildEnded:
    """
    A build succeeded, failed or was canceled, or never began because of an earlier failure.

    Exactly one of ``result`` and ``error`` is set.

    Attributes:
        build: Name of the build.
        result: What came of it, or None.
        error: What went wrong, or None.
        at_s: When.
    """

    build: str
    result: BuildResult | None
    error: StagebuildError | None
    at_s: float


@frozen
class RunEnded:
    """
    Every build has ended; nothing follows.

    Attributes:
        succeeded: Number of builds with a result.
        failed: Number of builds with an error, canceled ones included.
        at_s: When.
    """

    succeeded: int
    failed: int
    at_s: float


RunEvent = BuildStarted | Progressed | Retrying | GatesAwaited | BuildEnded | RunEnded
