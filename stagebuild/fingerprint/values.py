"""What a fingerprint is made of, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.fingerprint.selecting import Selection


@frozen
class StepFacts:
    """
    What a step's key depends on besides what is below it, for people: what can have changed.

    Attributes:
        instruction: The instruction as BuildKit runs it, expanded where it expands.
        env: What a RUN sees: ENV and ARG; values of secret-like names are digests (``•…``).
        args: Which of them are build args.
        settings: What else decides, by name: ``workdir``, ``user``, ``shell``, ``network``…
        image: ``reference@digest`` by reference, for what comes from a registry; the digest is
            ``?`` when nobody knows it.
        files: Digest of the selected files by source path, for what comes from a context.
    """

    instruction: str
    env: Mapping[str, str] = field(default_factory=dict)
    args: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict)
    image: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@frozen
class StepPrint:
    """
    The fingerprint of one instruction that makes a vertex, or of a stage's FROM.

    Attributes:
        stage: Label of its stage.
        platform: What it is built for, as ``linux/arm64``.
        number: The i of BuildKit's ``[stage i/n]``.
        line: 1-based line of the Dockerfile.
        key: Equal when BuildKit's keys are, as far as a client can know.
        own: The same without what is below it and without the stages that it takes files from.
        parent: Key of what it stands on, or None for the first step of a stage without a base.
        sources: Keys of the stages that it copies or mounts from, by the stage's label.
        facts: What the key depends on.
        doubt: Why the key may not tell everything (a URL, an unknown image), or None.
        is_fresh: Whether it runs whatever the cache has.
        selections: The files that it takes from a context, by source path.
    """

    stage: str
    platform: str
    number: int
    line: int
    key: str
    own: str
    parent: str | None
    sources: Mapping[str, str] = field(default_factory=dict)
    facts: StepFacts
    doubt: str | None = None
    is_fresh: bool = False
    selections: Mapping[str, Selection] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_base(self) -> bool:
        """Whether it is a FROM."""
        return self.facts.instruction.startswith("FROM ")


@frozen
class StagePrint:
    """
    The fingerprint of one stage, for one platform.

    Attributes:
        name: Its label.
        platform: What it is built for.
        steps: Its steps by number, FROM included.
        key: That of its result: of its last step, else of its base.
        depends_on: Labels of the stages that it stands on or takes files from.
    """

    name: str
    platform: str
    steps: tuple[StepPrint, ...]
    key: str
    depends_on: tuple[str, ...]


@frozen
class Fingerprint:
    """
    The keys of one build.

    Attributes:
        stages: In the order of the Dockerfile, platform by platform; those that are built alone.
        image: Key of the image: of the target's result on every platform, of everything that is
            in the image besides files, and of the Dockerfile's text.
        configuration: Key of what the image says besides its files: CMD, USER, EXPOSE and so on.
        unknown: Why there are no keys (a remote context), or None.
    """

    stages: tuple[StagePrint, ...]
    image: str
    configuration: str = ""
    unknown: str | None = None

    @property
    def steps(self) -> tuple[StepPrint, ...]:
        """The steps of all stages."""
        return tuple(step for stage in self.stages for step in stage.steps)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why keys may not tell everything, each once."""
        found = dict.fromkeys(step.doubt for step in self.steps if step.doubt is not None)
        return tuple(found) if self.unknown is None else (self.unknown, *found)
