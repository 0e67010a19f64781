"""
Images that are the base of others.

``image:NAME`` and ``image:NAME@ENVIRONMENT`` are other images of the project;
``image:@ENVIRONMENT`` is the same one, as another environment builds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.model.entries import Output
from stagebuild.values import replaced

if TYPE_CHECKING:
    from stagebuild.planning.naming import BuildName
    from stagebuild.planning.spec import BuildSpec

_PREFIX = "image:"


def is_base(context: str) -> bool:
    """Return whether a named context is another image of the project."""
    return context.startswith(_PREFIX)


def base_of(context: str, dependant: BuildName) -> tuple[str | None, str, bool]:
    """
    Return the image and the environment that a named context is.

    Args:
        context: As written; ``is_base`` says that it is one.
        dependant: Who names it.

    Returns:
        Image, None for that of a project with only one; environment; and whether the environment
        was written rather than the dependant's.
    """
    image, at, environment = context.removeprefix(_PREFIX).partition("@")
    own = dependant.image if at else ""
    return image or own, environment if at else dependant.environment, bool(at)


def as_base(spec: BuildSpec) -> BuildSpec:
    """Return the spec of an image that nobody named: it is made for others, and published not."""
    return replaced(
        spec,
        tags=(),
        outputs=(Output(type="cacheonly"),),
        attestations=(),
        push=False,
        load=False,
    )
