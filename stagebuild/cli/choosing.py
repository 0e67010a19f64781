"""Which builds the words and options of a command line mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.planning import buildable_names
from stagebuild.values import frozen

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from stagebuild.changes import Changes
    from stagebuild.model import Project
    from stagebuild.planning import Overrides


@frozen
class Choice:
    """
    What was chosen.

    Attributes:
        names: For ``plan_builds``; empty when nothing was named, or nothing has changed.
        changes: Why it was, with ``--changed-since``.
    """

    names: Sequence[str]
    changes: Changes | None = None


def choose(options: argparse.Namespace, project: Project, overrides: Overrides) -> Choice:
    """
    Return what is to be built or planned.

    Raises:
        ConfigError: As ``changed_since``.
        DockerfileError: Likewise.
        ContextError: Likewise.
    """
    named = None if options.all else options.environments
    if options.changed_since is not None:
        from stagebuild.changes import changed_since  # noqa: PLC0415 - only when asked for

        changes = changed_since(project, options.changed_since, named or None, overrides=overrides)
        return Choice(names=changes.names, changes=changes)
    return Choice(names=buildable_names(project) if named is None else named)
