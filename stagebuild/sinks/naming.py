"""What a vertex is called where people read it; the same in every sink."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.report.cells import clean

if TYPE_CHECKING:
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.vertexnames import VertexName


def only_stage(spec: BuildSpec) -> str:
    """
    Return what the stage is called that the engine does not name, being the only one of its file.

    The build's own name where the Dockerfile is not at hand and no target was asked for.
    """
    if spec.stages is not None and len(spec.stages.stages) == 1:
        return spec.stages.stages[0].vertex_name
    return spec.target or spec.name


def stage_order(spec: BuildSpec) -> tuple[str, ...]:
    """Return the stages as the engine names them, in the Dockerfile's order; none if unknown."""
    if spec.stages is None:
        return ()
    return tuple(stage.vertex_name for stage in spec.stages.stages)


def title(name: VertexName, *, only: str) -> str:
    """
    Return ``builder``, ``builder linux/arm64`` or, outside of stages, ``cache import``.

    Args:
        name: What the vertex' name says.
        only: What ``only_stage`` returned for its build.
    """
    if name.kind != "step":
        return name.kind
    platform = name.built_for or name.platform
    stage = name.stage or only
    return stage if platform is None else f"{stage} {platform}"


def command(name: VertexName) -> str:
    """Return the command on one line; of a heredoc only what stands before its body."""
    return " ".join(clean(name.command.partition("\n")[0]).split())
