"""Where in an image instructions put things: WORKDIRs followed, destinations made absolute."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from stagebuild.checks.subject import lineage
from stagebuild.dockerfile import Copy, Run, Transfer, Workdir
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.dockerfile import Stage, StageGraph, Step

_WHOLE = frozenset((".", "./", "/", "/.", "*", "./*", "/*"))
_MANIFEST = re.compile(
    r"package(?:-lock)?\*?(?:-lock)?\.json\*?|npm-shrinkwrap\.json|yarn\.lock\*?|pnpm-.*\.yaml\*?|\.npmrc\*?"
    r"|\.yarnrc.*|bun\.lockb?\*?|requirements.*|pyproject\.toml|poetry\.lock\*?|uv\.lock|Pipfile.*|setup\.(?:py|cfg)"
    r"|go\.(?:mod|sum|work).*|go\.\*|Cargo\.(?:toml|lock|\*)|rust-toolchain.*|Gemfile.*|\.ruby-version"
    r"|.*\.gemspec|composer\.(?:json|lock|\*)|pom\.xml|.*\.gradle(?:\.kts)?|gradle.*|settings\.gradle.*"
    r"|mvnw|\.mvn|mix\.(?:exs|lock)|.*\.(?:csproj|sln|fsproj|props|targets)|nuget\.config|global\.json"
    r"|Package\.(?:swift|resolved)|deno\.(?:json|lock).*|README.*|LICENSE.*|constraints.*"
)


@frozen
class Placed:
    """
    A COPY or ADD with its destination made absolute.

    Attributes:
        step: The step.
        instruction: The same, expanded.
        destination: Absolute, no slash at its end but the root's.
    """

    step: Step
    instruction: Transfer
    destination: str

    @property
    def is_whole(self) -> bool:
        """Whether a source is the whole context or stage."""
        return any(source in _WHOLE for source in self.instruction.sources)


def transfers(graph: StageGraph, stage: Stage) -> Iterator[Placed]:
    """Yield what is copied into a stage and those below it, in order."""
    workdir = "/"
    for each in lineage(graph, stage):
        for step in each.steps:
            instruction = step.expanded
            if isinstance(instruction, Workdir):
                workdir = absolute(instruction.path, workdir)
            elif isinstance(instruction, Transfer):
                yield Placed(
                    step=step,
                    instruction=instruction,
                    destination=absolute(instruction.destination, workdir),
                )


def from_context(instruction: Transfer) -> bool:
    """Say whether the files come from the build context: not from a stage, URL or heredoc."""
    if isinstance(instruction, Copy) and instruction.from_ is not None:
        return False
    return any(
        "://" not in source and not source.startswith("git@") for source in instruction.sources
    )


def is_manifest(source: str) -> bool:
    """Say whether a source names what dependencies are installed from, or what comes along."""
    return _MANIFEST.fullmatch(posixpath.basename(source.rstrip("/"))) is not None


def absolute(path: str, workdir: str) -> str:
    """Return a path in the image, absolute and clean."""
    return "/" + posixpath.normpath(posixpath.join(workdir, path)).lstrip("/").removeprefix(".")


def is_within(path: str, folder: str) -> bool:
    """Say whether an absolute path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def runs(stage: Stage) -> Iterator[Step]:
    """Yield the RUN steps of a stage."""
    return (step for step in stage.steps if isinstance(step.expanded, Run))
