"""``check_project``: a project's rules, and BuildKit's own, in one report."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.checks.gathering import gather
from stagebuild.checks.running import findings_of, report_of
from stagebuild.planning import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stagebuild.checks.buildkit import Linted
    from stagebuild.checks.findings import CheckReport, Finding
    from stagebuild.checks.subject import ContextView
    from stagebuild.model import Project
    from stagebuild.planning import BuildSpec


def no_context(spec: BuildSpec) -> ContextView | None:
    """Look at no context: the rules about it find nothing then."""
    del spec
    return None


def check_project(
    project: Project,
    names: Sequence[str] = (),
    *,
    surroundings: Surroundings | None = None,
    look: Callable[[BuildSpec], ContextView | None] = no_context,
    lint: Callable[[Sequence[BuildSpec]], Linted] | None = None,
) -> CheckReport:
    """
    Return what the rules find in a project. Builds nothing.

    Args:
        project: As written.
        names: Environments to look at; none means all.
        surroundings: Where files are read; None means this process' own.
        look: Returns what is known of a build's context, or None.
        lint: Runs BuildKit's checks; None leaves them out.

    Raises:
        UnknownEnvironment: A name is none of the project's.
        ConfigError: The configuration can't be used. What is wrong in a Dockerfile is a finding.
    """
    surroundings = surroundings or Surroundings.current()
    gathered = gather(project, names, surroundings=surroundings, look=look)
    findings: list[Finding] = list(gathered.refusals)
    for subject in gathered.subjects:
        findings += findings_of(subject)
    notes: tuple[str, ...] = ()
    linted = None
    if lint is not None and gathered.specs:
        linted = lint(gathered.specs)
        refused = {(finding.path, finding.line) for finding in findings}
        findings += [each for each in linted.findings if not _told(each, refused)]
        notes = linted.notes
    texts = {subject.path: subject.text for subject in gathered.subjects}
    for path in {finding.path for finding in findings} - texts.keys():
        text = _text_of(path, surroundings)
        if text is not None:
            texts[path] = text
    return report_of(
        project,
        gathered.subjects,
        findings,
        notes=notes,
        texts=texts,
        knows_buildkit=linted is not None and not linted.notes,
    )


def _told(finding: Finding, places: set[tuple[str, int | None]]) -> bool:
    """Say whether what BuildKit refuses is told by a rule already."""
    return finding.rule == "refused" and (finding.path, finding.line) in places


def _text_of(path: str, surroundings: Surroundings) -> str | None:
    """Return a file's text for excerpts, or None when it can't be read."""
    try:
        data = surroundings.read_bytes(os.path.join(surroundings.folder, path))  # noqa: PTH118 - text paths all the way
    except (OSError, ValueError):
        return None
    return data.decode("utf-8", "replace")
