"""
What a target takes from outside: build args, secrets and ssh agents.

It is what ``docker buildx build --call outline`` shows, without asking an engine.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/outline.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile.instructions import Arg, Run
from stagebuild.dockerfile.stages import Stage, StageSource
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebuild.dockerfile.graph import StageGraph
    from stagebuild.dockerfile.location import LineRange
    from stagebuild.dockerfile.mounts import Mount


@frozen
class OutlineArg:
    """
    A build arg that a target uses.

    Attributes:
        name: The argument.
        value: What it is in this build; "" without a value.
        description: The comment above its ARG, or "".
        lines: Of its ARG.
    """

    name: str
    value: str
    description: str
    lines: LineRange


@frozen
class OutlineMount:
    """
    A secret or ssh agent that a target uses.

    Attributes:
        id: As given to ``--secret`` or ``--ssh``.
        is_required: The first RUN that mounts it fails without it.
        lines: Of that RUN.
    """

    id: str
    is_required: bool
    lines: LineRange


@frozen
class Outline:
    """
    What a target takes from outside.

    Attributes:
        name: The stage's name, or None.
        description: The comment above its FROM, or "".
        args: Build args of the file that have a bearing on the target, in file order. The
            automatic platform ARGs are not among them.
        secrets: In file order.
        ssh: In file order.
        caches: The cache mounts of the target's stages, in file order; the engine's outline has
            none.
    """

    name: str | None
    description: str
    args: tuple[OutlineArg, ...]
    secrets: tuple[OutlineMount, ...]
    ssh: tuple[OutlineMount, ...]
    caches: tuple[Mount, ...]


def outline(graph: StageGraph, target: str | None = None) -> Outline:
    """
    Return the outline of a target; None means the graph's target.

    Where several stages declare the same ARG or mount the same secret, the one closest to the
    target counts.

    Raises:
        UnknownStage: There is no such target.
    """
    start = graph.stage(graph.target_name if target is None else target)
    args: dict[str, OutlineArg] = {}
    secrets: dict[str, OutlineMount] = {}
    ssh: dict[str, OutlineMount] = {}
    for stage in _from_target_down(graph, start):
        for arg in _args(graph, stage):
            args.setdefault(arg.name, arg)
        for mount, lines in _mounts(stage):
            found = {"secret": secrets, "ssh": ssh}.get(mount.type)
            if found is not None:
                identifier = mount.effective_id
                entry = OutlineMount(id=identifier, is_required=mount.required, lines=lines)
                found.setdefault(identifier, entry)
    return Outline(
        name=start.name,
        description=start.description,
        args=tuple(sorted(args.values(), key=lambda arg: arg.lines.start)),
        secrets=tuple(sorted(secrets.values(), key=lambda secret: secret.lines.start)),
        ssh=tuple(sorted(ssh.values(), key=lambda agent: agent.lines.start)),
        caches=tuple(
            mount
            for stage in graph.reachable(target)
            for mount, _ in _mounts(stage)
            if mount.type == "cache"
        ),
    )


def _from_target_down(graph: StageGraph, start: Stage) -> Iterator[Stage]:
    """Yield the target, then what it is built on, then what it copies from, depth first."""
    seen: set[int] = set()
    pending = [start]
    while pending:
        stage = pending.pop()
        if stage.index in seen:
            continue
        seen.add(stage.index)
        yield stage
        if stage.replacement is None:
            pending += (
                graph.stages[edge.source.index]
                for edge in reversed(stage.edges)
                if isinstance(edge.source, StageSource)
            )


def _args(graph: StageGraph, stage: Stage) -> Iterator[OutlineArg]:
    """Yield the args that a stage uses: in its FROMs, by declaring them, and through defaults."""
    if stage.replacement is not None:
        return
    declared = dict(_declared(graph, stage))
    made_of = {name: arg.made_of for name, arg in graph.global_args.items()}
    known = {
        name: OutlineArg(
            name=name, value=arg.value or "", description=arg.description, lines=arg.lines
        )
        for name, arg in graph.global_args.items()
    }
    for name, arg in declared.items():
        if arg is not None:
            known[name] = arg
            made_of[name] = frozenset()
    for name in _closure({*_from_args(graph, stage), *declared}, made_of):
        if name in known:
            yield known[name]


def _declared(graph: StageGraph, stage: Stage) -> Iterator[tuple[str, OutlineArg | None]]:
    """Yield the ARGs of a stage: None for one that only takes up a global one."""
    for step in stage.steps:
        if not isinstance(step.instruction, Arg) or not isinstance(step.expanded, Arg):
            continue
        pairs = zip(step.instruction.declarations, step.expanded.declarations, strict=True)
        for written, settled in pairs:
            takes_up = (
                written.default is None
                and written.name not in graph.build_args
                and settled.default is not None
            )
            yield (
                written.name,
                None
                if takes_up
                else OutlineArg(
                    name=written.name,
                    value=settled.default or "",
                    description=written.description,
                    lines=step.instruction.lines,
                ),
            )


def _from_args(graph: StageGraph, stage: Stage) -> frozenset[str]:
    """Return the variables in the FROM of a stage and of those below it."""
    names = graph.from_args[stage.index]
    while isinstance(stage.base, StageSource):
        stage = graph.stages[stage.base.index]
        if stage.replacement is not None:
            break
        names |= graph.from_args[stage.index]
    return names


def _closure(names: set[str], made_of: Mapping[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += made_of.get(name, ())
    return found


def _mounts(stage: Stage) -> Iterator[tuple[Mount, LineRange]]:
    for step in stage.steps:
        if isinstance(step.expanded, Run):
            for mount in step.expanded.mounts:
                yield mount, step.instruction.lines
