"""Rules about what is copied out of other stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit, Severity
from stagebuild.checks.places import (
    Placed,
    absolute,
    from_context,
    is_manifest,
    is_within,
    transfers,
)
from stagebuild.checks.subject import lineage
from stagebuild.dockerfile import Copy, ScratchSource, StageSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.checks.subject import Subject, Target
    from stagebuild.dockerfile import Stage, StageGraph

_ROOTS = frozenset(("/", "/*", "/.", ".", "./", "*", "./*"))
_SYSTEM_FOLDERS = frozenset(
    [
        "/bin",
        "/etc",
        "/go",
        "/home",
        "/lib",
        "/opt/build",
        "/root",
        "/root/.cache",
        "/sbin",
        "/tmp",  # noqa: S108 - of an image
        "/usr",
        "/usr/bin",
        "/usr/lib",
        "/usr/local",
        "/usr/share",
        "/var",
        "/var/lib",
    ]
)


def whole_stage(subject: Subject) -> Iterator[Hit]:
    """
    Yield each copy of another stage's whole file system.

    Onto ``scratch`` it may be meant, to make one layer of many: there it is a warning.
    """
    for target, stage, placed, copy in _stage_copies(subject):
        if not any(source in _ROOTS for source in copy.sources):
            continue
        source_stage = _source(target.graph, stage, copy)
        if source_stage is not None and not source_stage.steps:
            continue  # an image made to be copied, as tonistiigi/xx
        onto_scratch = isinstance(lineage(target.graph, stage)[0].base, ScratchSource)
        ships = target.is_production and stage in target.lineage() and not onto_scratch
        yield Hit(
            line=copy.line,
            end_line=copy.lines.end,
            message=f'all of the stage "{copy.from_}" is copied, its tools and caches too',
            hint="copy the one folder or file that is needed, as"
            f" COPY --from={copy.from_} /app/dist {placed.destination}",
            severity=None if ships else Severity.WARNING,
        )


def too_much(subject: Subject) -> Iterator[Hit]:
    """Yield each copy into a shipped image that takes the source code or a system folder along."""
    for target, stage, _, copy in _stage_copies(subject):
        if not target.is_production or stage not in target.lineage():
            continue
        if isinstance(lineage(target.graph, stage)[0].base, ScratchSource):
            continue
        source_stage = _source(target.graph, stage, copy)
        if source_stage is None:
            continue
        for source in copy.sources:
            folder = absolute(source, "/")
            if source in _ROOTS:
                continue
            if folder in _SYSTEM_FOLDERS:
                yield _too_much(copy, folder, "much more than this image runs")
            elif any(
                _brings_source(each, folder) for each in transfers(target.graph, source_stage)
            ):
                yield _too_much(copy, folder, "the source code that was built")


def by_number(subject: Subject) -> Iterator[Hit]:
    """Yield each ``COPY --from=0``: a stage that is inserted above changes what it means."""
    for stage in subject.graph.stages:
        for step in stage.steps:
            copy = step.expanded
            if isinstance(copy, Copy) and copy.from_ is not None and copy.from_.isdecimal():
                index = int(copy.from_)
                meant = subject.graph.stages[index]
                name = meant.name or "builder"
                yield Hit(
                    line=copy.line,
                    end_line=copy.lines.end,
                    message=f"the stage is copied from by its number, {index}: one that is added"
                    " above changes its meaning",
                    hint=f"write --from={name}"
                    + ("" if meant.name else f", and AS {name} in line {meant.lines.start}"),
                )


def _too_much(copy: Copy, folder: str, brings: str) -> Hit:
    return Hit(
        line=copy.line,
        end_line=copy.lines.end,
        about=folder,
        message=f'{folder} of the stage "{copy.from_}" is copied, and with it {brings}',
        hint="copy what runs, and nothing else: the built folder, the virtual environment, the"
        " binary",
    )


def _stage_copies(subject: Subject) -> Iterator[tuple[Target, Stage, Placed, Copy]]:
    """Yield every COPY from a stage, for each target that reaches it."""
    for target in subject.targets:
        for stage in target.reachable:
            own = {step.instruction.line for step in stage.steps}
            for placed in transfers(target.graph, stage):
                copy = placed.instruction
                if (
                    isinstance(copy, Copy)
                    and copy.line in own
                    and _source(target.graph, stage, copy) is not None
                ):
                    yield target, stage, placed, copy


def _source(graph: StageGraph, stage: Stage, copy: Copy) -> Stage | None:
    """Return the stage that a COPY takes its files from, or None."""
    if copy.from_ is None:
        return None
    for edge in stage.edges:
        if edge.line == copy.line and isinstance(edge.source, StageSource):
            return graph.stages[edge.source.index]
    return None


def _brings_source(placed: Placed, folder: str) -> bool:
    """Say whether copying ``folder`` takes along what ``placed`` took from the build context."""
    if not from_context(placed.instruction) or not is_within(placed.destination, folder):
        return False
    if all(is_manifest(source) for source in placed.instruction.sources):
        return False
    return placed.is_whole or placed.destination != folder
