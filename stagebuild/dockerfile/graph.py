"""The stages and their edges, and the questions one asks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile.stages import (
    ContextSource,
    Edge,
    ImageSource,
    Source,
    Stage,
    StageSource,
)
from stagebuild.errors import UnknownStage
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebuild.dockerfile.directives import Directive
    from stagebuild.dockerfile.global_args import GlobalArg


@frozen
class StageGraph:
    """
    The stages of a Dockerfile, resolved for one target, platform and set of build args.

    Attributes:
        path: The Dockerfile, for messages.
        stages: In file order, at least one.
        global_args: The ARGs before the first FROM, by name.
        from_args: For each stage the variables that its FROM used.
        build_args: What the caller set.
        target_name: The target that was asked for, or None for the last stage.
        syntax: The directive that names a frontend, or None.
    """

    path: str
    stages: tuple[Stage, ...]
    global_args: Mapping[str, GlobalArg] = field(repr=False)
    from_args: tuple[frozenset[str], ...] = field(repr=False)
    build_args: Mapping[str, str] = field(repr=False)
    target_name: str | None
    syntax: Directive | None = None

    def __post_init__(self) -> None:
        """Refuse a target that does not exist."""
        self.stage(self.target_name)

    @property
    def target(self) -> Stage:
        """The stage that is built."""
        return self.stage(self.target_name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the stages that have one, in file order, each once."""
        return tuple(dict.fromkeys(stage.name for stage in self.stages if stage.name))

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges of all stages, in file order."""
        return tuple(edge for stage in self.stages for edge in stage.edges)

    def stage(self, name: str | None = None) -> Stage:
        """
        Return the stage that BuildKit builds for ``--target``; None means the last one.

        Letter case does not matter; of stages with the same name it is the last one. An unnamed
        stage can't be a target, nor can an index be one: use ``stages[index]``.

        Raises:
            UnknownStage: There is none.
        """
        if name is None or name == "":
            return self.stages[-1]
        for stage in reversed(self.stages):
            if stage.name == name.lower():
                return stage
        hint = None
        if name.isdecimal():
            hint = "BuildKit takes no index as a target: give the stage a name with AS"
        raise UnknownStage(name, self.names, path=self.path, hint=hint)

    def reachable(self, target: str | None = None) -> tuple[Stage, ...]:
        """
        Return the stages that are built for a target, in file order, the target included.

        Args:
            target: Its name; None for the graph's target. A FROM that uses ``TARGETSTAGE`` was
                expanded for the graph's target, so resolve again when the file has one.

        Raises:
            UnknownStage: There is no such target.
        """
        start = self.stage(self.target_name if target is None else target)
        found = {start.index}
        pending = [start]
        while pending:
            for source in _followed(pending.pop()):
                if isinstance(source, StageSource) and source.index not in found:
                    found.add(source.index)
                    pending.append(self.stages[source.index])
        return tuple(stage for stage in self.stages if stage.index in found)

    def images(self, target: str | None = None) -> tuple[ImageSource, ...]:
        """Return the images that a target needs from registries, in file order, each once."""
        images = (source for source in self._sources(target) if isinstance(source, ImageSource))
        return tuple({image.normalized: image for image in images}.values())

    def contexts(self, target: str | None = None) -> tuple[ContextSource, ...]:
        """Return the named contexts that a target uses, in file order, each once."""
        contexts = (source for source in self._sources(target) if isinstance(source, ContextSource))
        return tuple({context.name: context for context in contexts}.values())

    def check(self, target: str | None = None) -> None:
        """
        Raise what BuildKit would refuse before it runs the first step of a target.

        Raises:
            DockerfileError: The first error of a stage that the target needs.
            UnknownStage: There is no such target.
        """
        for stage in self.reachable(target):
            if stage.error is not None:
                raise stage.error

    def _sources(self, target: str | None) -> Iterator[Source]:
        for stage in self.reachable(target):
            yield from _followed(stage)


def _followed(stage: Stage) -> Iterator[Source]:
    """Yield what building the stage needs: nothing of the file when a context replaces it."""
    if stage.replacement is not None:
        yield stage.replacement
    else:
        yield from (edge.source for edge in stage.edges)
