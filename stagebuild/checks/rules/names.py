"""Rules about stages that a name means, or was meant to mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit, Severity
from stagebuild.checks.images import KNOWN_IMAGES
from stagebuild.dockerfile import EdgeKind, ImageSource, StageSource
from stagebuild.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.checks.subject import Subject
    from stagebuild.dockerfile import Edge, StageGraph

_WORDS = {EdgeKind.BASE: "FROM", EdgeKind.COPY: "COPY --from", EdgeKind.MOUNT: "RUN --mount"}


def later_stage(subject: Subject) -> Iterator[Hit]:
    """Yield what is taken from a stage that stands further down, which BuildKit refuses."""
    graph = subject.graph
    for edge in graph.edges:
        match edge.source:
            case StageSource(index=index, is_forward=True):
                later = graph.stages[index]
                yield Hit(
                    line=edge.line,
                    message=f'{_WORDS[edge.kind]} uses the stage "{later.label}", which comes'
                    f" later, in line {later.lines.start}: a stage sees only those above it",
                    hint=_remedy(graph, edge, later.label),
                )
            case ImageSource(reference=reference, suggestion=str(meant)):
                stage = graph.stage(meant)
                if stage.name == reference.lower() and stage.index >= edge.stage:
                    yield Hit(
                        line=edge.line,
                        message=f'FROM names the stage "{meant}", which comes later, in line'
                        f" {stage.lines.start}: BuildKit will look for an image of that name",
                        hint=_remedy(graph, edge, meant),
                    )


def unknown_stage(subject: Subject) -> Iterator[Hit]:
    """Yield each name that is taken for an image, and is nearly that of a stage."""
    graph = subject.graph
    for edge in graph.edges:
        source = edge.source
        if not isinstance(source, ImageSource) or source.suggestion is None:
            continue
        stage = graph.stage(source.suggestion)
        if source.reference in KNOWN_IMAGES or (
            stage.name == source.reference.lower() and stage.index >= edge.stage
        ):
            continue
        only_case = stage.name == source.reference.lower()
        is_certain = only_case or edge.kind is not EdgeKind.BASE
        yield Hit(
            line=edge.line,
            message=f'no stage is called "{source.reference}": BuildKit will look for an image of'
            " that name",
            hint=f'did you mean "{source.suggestion}", in line {stage.lines.start}?',
            severity=None if is_certain else Severity.WARNING,
        )


def _remedy(graph: StageGraph, edge: Edge, label: str) -> str:
    """Return where to move the stage, and the earlier one that may have been meant."""
    user = graph.stages[edge.stage]
    earlier = [stage.name for stage in graph.stages[: edge.stage] if stage.name]
    meant = nearest(label, earlier)
    or_else = f', or did you mean "{meant}"?' if meant is not None else ""
    return f'move "{label}" above line {user.lines.start}{or_else}'
