"""What a build is expected to do, as values."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """What is expected of a step."""

    CACHED = "cached"
    """Its result is there."""
    RUN = "run"
    """It has to be made."""
    MAYBE = "maybe"
    """It runs unless what it takes turns out to be the same, or what can't be seen is unchanged."""


class Cause(StrEnum):
    """What kind of thing makes a step run."""

    FILE = "file"
    BUILD_ARG = "build arg"
    ENV = "variable"
    INSTRUCTION = "instruction"
    SETTING = "setting"
    IMAGE = "base image"
    NEW_STEP = "new step"
    NEW_STAGE = "new stage"
    NEVER_BUILT = "never built on this builder"
    NO_CACHE = "no-cache"
    UNKNOWN = "what can't be seen"
    ORDER = "new order"
    FOLLOWS = "follows"
    EXPERIENCE = "so far each time"


@frozen
class Reason:
    """
    Why a step is not simply cached.

    Attributes:
        cause: The kind of thing.
        name: Which one: the file, the build arg, the image; how many times, of an experience; ""
            where the kind says it all.
        change: ``added``, ``removed``, ``changed``, ``mode``; "" where that makes no sense.
        before: As it was, or None.
        after: As it is, or None. Values of secrets are ``***``.
    """

    cause: Cause
    name: str = ""
    change: str = ""
    before: str | None = None
    after: str | None = None


@frozen
class StepForecast:
    """
    What is expected of one step.

    Attributes:
        stage: Label of its stage.
        platform: What it is built for, or None when the build is for one platform.
        number: The i of BuildKit's ``[stage i/n]``.
        line: 1-based line of the Dockerfile.
        instruction: As BuildKit runs it.
        state: What is expected.
        reasons: Why, the most telling first; empty for what is cached.
        is_root: Whether it is where a chain of steps that run begins.
        follows: ``stage number`` of the root that it follows from, or None for a root.
        expected_s: How long it takes if it runs; None when nobody knows.
        key: Its fingerprint.
    """

    stage: str
    platform: str | None
    number: int
    line: int
    instruction: str
    state: State
    reasons: tuple[Reason, ...] = ()
    is_root: bool = False
    follows: str | None = None
    expected_s: float | None = None
    key: str = field(default="", repr=False)

    @property
    def place(self) -> str:
        """Stage and number, as ``builder 3``."""
        return f"{self.stage} {self.number}"


@frozen
class StageForecast:
    """
    What is expected of one stage.

    Attributes:
        name: Its label.
        platform: What it is built for, or None when the build is for one platform.
        steps: Its steps, by number.
        depends_on: The stages that it stands on or takes files from.
        expected_s: Sum of what its steps take that run.
    """

    name: str
    platform: str | None
    steps: tuple[StepForecast, ...]
    depends_on: tuple[str, ...]
    expected_s: float

    def count(self, state: State) -> int:
        """Return how many steps are expected to be so."""
        return sum(step.state is state for step in self.steps)


@frozen
class Duration:
    """
    How long a build is expected to take.

    Attributes:
        expected_s: Along the critical path, with what is around it; steps that may run count.
        low_s: If nothing runs that only may, less the usual spread.
        high_s: With the usual spread.
        unknown_steps: How many steps that run have never been timed; they count as nothing.
    """

    expected_s: float
    low_s: float
    high_s: float
    unknown_steps: int = 0


@frozen
class Forecast:
    """
    What one build is expected to do.

    Attributes:
        environment: Its name.
        stages: In the order of the Dockerfile.
        duration: How long, or None without a history.
        pushes: References that will be pushed.
        compared_with: When the build was begun that the reasons compare with, seconds since the
            epoch, or None when there is none.
        images: Digest by base image, ``?`` for one that is not known.
        notes: What limits the forecast, one line each.
    """

    environment: str
    stages: tuple[StageForecast, ...]
    duration: Duration | None = None
    pushes: tuple[str, ...] = ()
    compared_with: float | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[StepForecast, ...]:
        """The steps of all stages."""
        return tuple(step for stage in self.stages for step in stage.steps)

    @property
    def roots(self) -> tuple[StepForecast, ...]:
        """The steps that make others run."""
        return tuple(step for step in self.steps if step.is_root)

    @property
    def is_cached(self) -> bool:
        """Whether nothing has to be made."""
        return all(step.state is State.CACHED for step in self.steps)

    def count(self, state: State) -> int:
        """Return how many steps are expected to be so."""
        return sum(step.state is state for step in self.steps)
