"""The values of a resolved Dockerfile: stages, their steps, and where their files come from."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.dockerfile.instructions import Instruction
    from stagebuild.dockerfile.location import LineRange
    from stagebuild.dockerfile.syntax import StageText
    from stagebuild.errors import DockerfileError


@frozen
class StageSource:
    """
    Another stage of the file.

    Attributes:
        index: Its 0-based position.
        is_forward: It stands after the stage that uses it. BuildKit then refuses to build the
            user. A stage that uses itself is refused as a circle, except through an ONBUILD.
    """

    index: int
    is_forward: bool = False


@frozen
class ImageSource:
    """
    An image from a registry.

    Attributes:
        reference: As in the file, after expansion.
        normalized: Its complete form, ``docker.io/library/alpine:latest``.
        suggestion: The stage that was probably meant: it bears this name but stands later, or in
            a FROM is spelled in another case, or has nearly this name. None for most images.
    """

    reference: str
    normalized: str
    suggestion: str | None = None


@frozen
class ContextSource:
    """
    A named context that the caller gave (``--build-context name=value``).

    Attributes:
        name: As the caller gave it.
        value: What it stands for: ``docker-image://…``, a folder, a URL.
        reference: The stage or image that it replaces, as in the file, after expansion.
    """

    name: str
    value: str
    reference: str


@frozen(kw_only=False)
class ScratchSource:
    """Nothing at all: ``scratch``."""


Source: TypeAlias = StageSource | ImageSource | ContextSource | ScratchSource


class EdgeKind(Enum):
    """What makes a stage depend on something."""

    BASE = "from"
    """FROM."""
    COPY = "copy"
    """COPY --from."""
    MOUNT = "mount"
    """RUN --mount=from=."""


@frozen
class Edge:
    """
    One dependency of a stage.

    Attributes:
        stage: Index of the stage that depends.
        kind: Through what.
        line: The first line of the instruction; for one that ONBUILD triggered, of the FROM.
        source: On what it depends.
    """

    stage: int
    kind: EdgeKind
    line: int
    source: Source


@frozen
class Step:
    """
    One instruction of a stage, in the scope in which it runs.

    Attributes:
        instruction: As written.
        expanded: With its variables replaced, where BuildKit replaces any; the mounts of a RUN
            read. The same object as ``instruction`` when there was nothing to do.
        variables: What the instruction sees: ENV and ARG together, the later one winning.
        args: The ARGs declared so far, inherited ones included; None for one without a value.
            They are in the cache key of every RUN.
        used: Variables that had a value.
        unset: Variables that had none. If the stage's root is an image whose environment the
            caller did not give, they may come from there.
        number: The i of BuildKit's ``[stage i/n]``, or None for an instruction that makes no
            vertex.
        is_triggered: It comes from an ONBUILD of the base stage.
    """

    instruction: Instruction
    expanded: Instruction
    variables: Mapping[str, str] = field(repr=False)
    args: Mapping[str, str | None] = field(repr=False)
    used: frozenset[str]
    unset: frozenset[str]
    number: int | None
    is_triggered: bool


@frozen
class Stage:
    """
    A stage, resolved.

    Attributes:
        index: 0-based position in the file.
        text: The stage as written.
        base_name: The operand of FROM after expansion.
        base: What it stands for.
        platform: Of ``--platform`` after expansion, or None. Without effect when the base is a
            stage or scratch, as in BuildKit.
        replacement: The named context that has the name of this stage, so that nothing of it is
            built, or None.
        edges: Its dependencies: the base first, then in file order. Those of a replaced stage are
            kept, for a report of what was replaced, but not followed.
        steps: Its instructions, those triggered by ONBUILD first; none when it is replaced.
        env: The ENV of the resulting image, as far as known: the given environment of its root
            image, and every ENV down to here.
        variables: What an instruction after the last one would see.
        args: The ARGs declared here or in the stages below, and their values; None for no value.
        vertex_name: The name that BuildKit's progress shows: ``stage-N`` when it has none, ""
            when the file has a single stage and names no other image.
        total: The n of ``[stage i/n]``: 0 when no vertex of it carries numbers.
        base_number: The number of its FROM in ``[stage i/n]``: 1 when it is an image, else None.
        error: Why BuildKit would refuse to build it, as opposed to parse it; steps after the
            one that failed are not expanded. None when there is nothing wrong.
    """

    index: int
    text: StageText = field(repr=False)
    base_name: str
    base: Source
    platform: str | None
    replacement: ContextSource | None
    edges: tuple[Edge, ...]
    steps: tuple[Step, ...] = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    args: Mapping[str, str | None]
    vertex_name: str
    total: int
    base_number: int | None
    error: DockerfileError | None

    @property
    def name(self) -> str | None:
        """The name in lower case, or None."""
        return self.text.name

    @property
    def label(self) -> str:
        """The name, or ``stage-N`` when it has none."""
        return self.text.name or f"stage-{self.index}"

    @property
    def description(self) -> str:
        """The comment above the FROM that starts with the stage's name, or ""."""
        return self.text.opening.description

    @property
    def lines(self) -> LineRange:
        """From the FROM to the last instruction, 1-based."""
        return self.text.lines

    @property
    def numbered_steps(self) -> Mapping[int, Step]:
        """The steps by the i of ``[stage i/n]``; the FROM is not among them."""
        return {step.number: step for step in self.steps if step.number is not None}
