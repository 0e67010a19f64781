"""What rules look at: one Dockerfile, every way in which it is built, and its context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile import Edge, EdgeKind, ImageSource, StageSource
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from stagebuild.dockerfile import Dockerfile, Source, Stage, StageGraph, Step
    from stagebuild.model import Project


@frozen
class ContextFile:
    """
    A file that a build context sends.

    Attributes:
        path: Relative, ``/`` between names.
        size_bytes: Its size.
    """

    path: str
    size_bytes: int


@frozen
class ContextView:
    """
    What is known of a build context.

    Attributes:
        folder: As the user would type it.
        ignore_file: The ignore file that counts, as the user would type it, or None.
        files: Returns what it sends, ignore file applied, in order. Called when a rule asks.
    """

    folder: str
    ignore_file: str | None
    files: Callable[[], Sequence[ContextFile]]


@frozen
class Target:
    """
    A stage that is built, with the environments that build it so.

    Attributes:
        environments: Their names; empty for the Dockerfile's last stage where no stage has a name.
        graph: The stages, resolved for it.
        stage: The stage that is built.
        reachable: The stages that are built for it, in file order, itself included.
        is_production: Whether its image is meant to be shipped.
        build_args: What the environments set.
        requires: Environments that have to pass first.
    """

    environments: tuple[str, ...]
    graph: StageGraph
    stage: Stage
    reachable: tuple[Stage, ...]
    is_production: bool
    build_args: Mapping[str, str]
    requires: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The first environment, or the stage's label."""
        return self.environments[0] if self.environments else self.stage.label

    @property
    def shown(self) -> str:
        """The same for a sentence: the environment in quotes, or ``the image``."""
        return f'"{self.environments[0]}"' if self.environments else "the image"

    def lineage(self) -> tuple[Stage, ...]:
        """Return the stages that its image is made of, the root first, itself last."""
        return lineage(self.graph, self.stage)

    def image_steps(self) -> Iterator[tuple[Stage, Step]]:
        """Yield the steps whose layers are in the image, in order."""
        for stage in self.lineage():
            yield from ((stage, step) for step in stage.steps)


def lineage(graph: StageGraph, stage: Stage) -> tuple[Stage, ...]:
    """Return the stages below a stage, through FROM alone, the root first, itself last."""
    line = [stage]
    while isinstance(line[-1].base, StageSource) and line[-1].replacement is None:
        line.append(graph.stages[line[-1].base.index])
    return tuple(reversed(line))


def root_source(graph: StageGraph, stage: Stage) -> Source:
    """Return what the lowest stage below this one stands on."""
    root = lineage(graph, stage)[0]
    return root.base if root.replacement is None else root.replacement


def copy_edges(stage: Stage) -> Iterator[Edge]:
    """Yield the edges of a stage that are no FROM."""
    return (edge for edge in stage.edges if edge.kind is not EdgeKind.BASE)


@frozen
class Subject:
    """
    One Dockerfile with everything that a rule may ask.

    Attributes:
        path: The Dockerfile as the user would type it.
        text: Its text.
        tree: Its syntax tree.
        targets: How it is built; at least one.
        project: The configuration.
        context: The build context, or None for a remote one or where nobody looked.
        is_complete: Whether every way in which it is built is among the targets.
        locked: Images of which the project's lock has the digest, in their complete form.
    """

    path: str
    text: str
    tree: Dockerfile
    targets: tuple[Target, ...]
    project: Project
    context: ContextView | None
    is_complete: bool = True
    locked: frozenset[str] = frozenset()

    @property
    def graph(self) -> StageGraph:
        """The stages, as the first target sees them."""
        return self.targets[0].graph

    @property
    def production(self) -> tuple[Target, ...]:
        """The targets whose images are shipped; of those that share a stage the first one."""
        shipped = [target for target in reversed(self.targets) if target.is_production]
        return tuple({target.stage.index: target for target in shipped}.values())[::-1]

    @property
    def configured(self) -> bool:
        """Whether environments are written down, and not just the file's stages."""
        return self.project.environments is not None

    def reached(self) -> frozenset[int]:
        """Return the stages that some target needs, by index."""
        return frozenset(stage.index for target in self.targets for stage in target.reachable)

    def images(self) -> Iterator[tuple[Stage, ImageSource]]:
        """Yield each stage that stands on an image, as the first target sees it."""
        for stage in self.graph.stages:
            if isinstance(stage.base, ImageSource) and stage.replacement is None:
                yield stage, stage.base
