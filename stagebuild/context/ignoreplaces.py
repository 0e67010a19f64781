"""Where the file may be that says what of a context is left out."""

from __future__ import annotations

import os

NAME = ".dockerignore"


def ignoreplaces(context: str, dockerfile: str | None) -> tuple[tuple[str, str], ...]:
    """
    Return folders and the names within them; the first file that is there wins, even an empty one.

    Args:
        context: Folder of the context.
        dockerfile: Path of the Dockerfile, ``<Dockerfile>.dockerignore`` beside which comes first;
            None for a named context, of which BuildKit reads ``.dockerignore`` alone.

    Source: moby/buildkit frontend/dockerui config.go (initContext), namedcontext.go.
    """
    own = ((context, NAME),)
    if dockerfile is None:
        return own
    folder, name = os.path.split(dockerfile)
    return ((folder or ".", f"{name}{NAME}"), *own)
