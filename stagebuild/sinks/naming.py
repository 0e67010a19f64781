"""What a vertex is called where people read it; the same in every sink."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import StagebuildError
from stagebuild.report.cells import clean

if TYPE_CHECKING:
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.vertexnames import VertexName


def stage_names(spec: BuildSpec) -> tuple[str, ...]:
    """
    Return the stages as the engine names them, in the Dockerfile's order; none when unknown.

    May read the Dockerfile, if nobody did before: to be asked when the build is under way. What
    is wrong with a Dockerfile is not for a display to say.
    """
    try:
        return () if spec.stages is None else tuple(stage.label for stage in spec.stages.stages)
    except StagebuildError:
        return ()


def only_stage(spec: BuildSpec) -> str:
    """
    Return what the stage is called that the engine does not name, being the only one of its file.

    The target or the build's own name where the Dockerfile is not at hand.
    """
    names = stage_names(spec)
    return names[0] if len(names) == 1 else spec.target or spec.name


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
