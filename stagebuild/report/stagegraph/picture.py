"""What there is to draw: environments, stages, images, and what leads from one to the other."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from stagebuild.dockerfile import ContextSource, EdgeKind, ImageSource, ScratchSource, StageSource
from stagebuild.secrecy import without_url_passwords
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stagebuild.checks.subject import Subject
    from stagebuild.dockerfile import Source, Stage
    from stagebuild.report.stagegraph.timings import StageFigures


class NodeKind(StrEnum):
    """What a node stands for."""

    IMAGE = "image"
    CONTEXT = "context"
    STAGE = "stage"
    ENVIRONMENT = "environment"


class LinkKind(StrEnum):
    """What leads from one node to the next. The value is the word on the line."""

    BASE = "from"
    COPY = "copy"
    MOUNT = "mount"
    TARGET = "target"
    GATE = "gate"


_LINKS = {
    EdgeKind.BASE: LinkKind.BASE,
    EdgeKind.COPY: LinkKind.COPY,
    EdgeKind.MOUNT: LinkKind.MOUNT,
}


@frozen
class Node:
    """
    One box.

    Attributes:
        id: Letters and digits, unique in its picture.
        kind: What it stands for.
        label: Its name.
        is_reached: Whether something that is built needs it.
        figures: What a build says of a stage, or None.
    """

    id: str
    kind: NodeKind
    label: str
    is_reached: bool = True
    figures: StageFigures | None = None


@frozen
class Link:
    """
    One line, in the direction in which files flow: from a base to what stands on it.

    Attributes:
        source: Id of the node that gives.
        target: Id of the node that takes.
        kind: In what way.
    """

    source: str
    target: str
    kind: LinkKind


@frozen
class Picture:
    """
    The graph of one Dockerfile.

    Attributes:
        title: The Dockerfile as the user would type it.
        nodes: Images and contexts, then stages in file order, then environments.
        links: Each once.
    """

    title: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]

    def node(self, id_: str) -> Node:
        """Return the node of an id."""
        return next(node for node in self.nodes if node.id == id_)


def picture_of(subject: Subject, *, figures: Mapping[str, StageFigures] | None = None) -> Picture:
    """
    Return what to draw of a Dockerfile.

    Args:
        subject: With the environments to draw. Of a stage that none of them needs, what it
            depends on is drawn too, when all environments are there.
        figures: What a build says of each stage, by name.
    """
    reached = subject.reached()
    stages = {
        stage.index: stage
        for target in reversed(subject.targets)
        for stage in (target.graph.stages if subject.is_complete else target.reachable)
    }
    sources: dict[str, Node] = {}
    links: dict[Link, None] = {}
    for index in sorted(stages):
        for graph_stage in _variants(subject, index):
            for source, kind in _sources(graph_stage):
                node = _node_of(source, sources)
                if node is not None:
                    links[Link(source=node, target=f"s{index}", kind=kind)] = None
    nodes = [
        Node(
            id=f"s{index}",
            kind=NodeKind.STAGE,
            label=stages[index].label,
            is_reached=index in reached,
            figures=_figures(stages[index], figures or {}),
        )
        for index in sorted(stages)
    ]
    environments, goals = _environments(subject)
    return Picture(
        title=subject.path,
        nodes=(*_used(sources.values(), links), *nodes, *environments),
        links=(*links, *goals),
    )


def _figures(stage: Stage, figures: Mapping[str, StageFigures]) -> StageFigures | None:
    """Return what a build says of a stage, which BuildKit calls differently when it is alone."""
    return figures.get(stage.label) or figures.get(stage.vertex_name)


def _variants(subject: Subject, index: int) -> Iterable[Stage]:
    """Return a stage as each target that needs it sees it: build args may change its base."""
    seen = [
        target.graph.stages[index]
        for target in subject.targets
        if any(stage.index == index for stage in target.reachable)
    ]
    return seen or [subject.graph.stages[index]]


def _sources(stage: Stage) -> Iterable[tuple[Source, LinkKind]]:
    if stage.replacement is not None:
        return [(stage.replacement, LinkKind.BASE)]
    return [(edge.source, _LINKS[edge.kind]) for edge in stage.edges]


def _node_of(source: Source, known: dict[str, Node]) -> str | None:
    """Return the id of a source's node, which is made when it is new; None for nothing."""
    match source:
        case StageSource(index=index):
            return f"s{index}"
        case ScratchSource():
            return None
        case ImageSource(reference=label):
            kind = NodeKind.IMAGE
        case ContextSource(name=name, value=value):
            kind, label = NodeKind.CONTEXT, f"{name} = {without_url_passwords(value)}"
    if label not in known:
        known[label] = Node(id=f"i{len(known)}", kind=kind, label=label)
    return known[label].id


def _used(sources: Iterable[Node], links: Iterable[Link]) -> Iterable[Node]:
    given = {link.source for link in links}
    return [node for node in sources if node.id in given]


def _environments(subject: Subject) -> tuple[list[Node], list[Link]]:
    """
    Return the environments with what leads to them; none without a name.

    Without a configuration every stage is one: then those at the end of a branch are drawn.
    """
    ids: dict[str, str] = {}
    nodes, links = [], []
    all_drawn = subject.configured or not subject.is_complete
    passed = {
        edge.source.index for edge in subject.graph.edges if isinstance(edge.source, StageSource)
    }
    for target in subject.targets:
        if not all_drawn and target.stage.index in passed:
            continue
        for name in target.environments:
            ids[name] = f"e{len(ids)}"
            nodes.append(Node(id=ids[name], kind=NodeKind.ENVIRONMENT, label=name))
            links.append(
                Link(source=f"s{target.stage.index}", target=ids[name], kind=LinkKind.TARGET)
            )
    gates = {
        Link(source=ids[gate], target=ids[name], kind=LinkKind.GATE): None
        for target in subject.targets
        for name in target.environments
        for gate in target.requires
        if gate in ids and name in ids
    }
    return nodes, [*links, *gates]
