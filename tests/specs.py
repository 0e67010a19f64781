"""Builds of a folder with a Dockerfile in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.planning.spec import BuildSpec

if TYPE_CHECKING:
    from pathlib import Path


def local_spec(folder: Path, dockerfile: str | None = None, **fields: Any) -> BuildSpec:
    """
    Return the build of a folder.

    Args:
        folder: The context.
        dockerfile: Text of its Dockerfile, which is written; None for what is there.
        fields: Of the spec, instead of those that are usual.
    """
    if dockerfile is not None:
        (folder / "Dockerfile").write_text(dockerfile)
    usual = {
        "name": "x",
        "root": folder,
        "context": str(folder),
        "dockerfile": str(folder / "Dockerfile"),
        "dockerfile_shown": "Dockerfile",
        "target": None,
    }
    return BuildSpec(**{**usual, **fields})
