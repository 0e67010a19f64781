"""Every build of a plan, as of a commit and as of now: those that differ, and what needs them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.changes.checkout import compare_checkout
from stagebuild.changes.differences import Differences
from stagebuild.changes.earlier import EarlierFiles
from stagebuild.config.loading import read_file
from stagebuild.errors import ConfigError, DockerfileError
from stagebuild.planning import Surroundings, buildable_names, describe_builds, plan_builds
from stagebuild.planning.locations import absolute
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.model import Project
    from stagebuild.planning import BuildPlan, BuildSpec, Overrides


@frozen
class Changes:
    """
    What has to be built because of what changed since a commit.

    Attributes:
        revision: As it was asked for.
        commit: The commit that was compared with: where the revision and HEAD parted.
        builds: What differs about each build, as ``("services/api/app.py", "build-args")``, in
            the order of the plan; what is here because of others says ``based on common:prod``
            or ``gate test``.
        unchanged: The names of the others that were asked for.
    """

    revision: str
    commit: str
    builds: Mapping[str, tuple[str, ...]]
    unchanged: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The builds, for ``plan_builds``; it refuses an empty list."""
        return tuple(self.builds)


def changed_since(
    project: Project,
    revision: str,
    names: Sequence[str] | None = None,
    *,
    surroundings: Surroundings | None = None,
    overrides: Overrides | None = None,
) -> Changes:
    """
    Return which builds have other inputs than at a revision, or need one that has.

    Inputs are the files that a build's stages take, the instructions that they run, and the
    configuration; uncommitted changes count. The revision is compared where HEAD parted from it.
    What git does not track counts as unchanged: ignored files, base images, what a URL gives.

    Args:
        project: As it is now.
        revision: A commit, tag or branch.
        names: The environments to look at; None for every one that can be built.
        surroundings: What may be known of the world; None means this process, now.
        overrides: What wins over the configuration, then and now.

    Raises:
        ConfigError: As ``plan_builds``; or git is not there, the project in no checkout, the
            revision unknown, or the history too short (a shallow clone).
        DockerfileError: As ``plan_builds``.
        ContextError: A build context can't be read.
    """
    now = surroundings or Surroundings.current()
    checkout = compare_checkout(absolute(str(project.root), now.folder), revision)
    if names is None:
        names = buildable_names(project, surroundings=now, overrides=overrides)
    plan = plan_builds(project, names, surroundings=now, overrides=overrides)
    files = EarlierFiles(checkout, now)
    compared = Differences(checkout, files, now.environ)
    worlds = _Worlds(project, files, now, overrides)
    found: dict[str, tuple[str, ...]] = {}
    for then, spec in worlds.pairs(plan, names):
        reasons = tuple(compared.between(then, spec)) if then is not None else ("new",)
        if reasons:
            found[spec.name] = reasons
    _spread(plan, found)
    asked = _asked_for(plan)
    return Changes(
        revision=revision,
        commit=checkout.commit,
        builds={name: found[name] for name in asked if name in found},
        unchanged=tuple(name for name in asked if name not in found),
    )


class _Worlds:
    """The project then and now, each in its surroundings."""

    def __init__(
        self,
        project: Project,
        files: EarlierFiles,
        now: Surroundings,
        overrides: Overrides | None,
    ) -> None:
        self._project = project
        self._files = files
        self._now = now
        self._overrides = overrides

    def pairs(
        self, plan: BuildPlan, names: Sequence[str]
    ) -> Iterator[tuple[BuildSpec | None, BuildSpec]]:
        """Yield every build of the plan as it was, None if it was not to be built, and as it is."""
        try:
            project = self._earlier()
        except ConfigError:
            yield from ((None, spec) for spec in plan.specs)
            return
        earlier = self._described(project, names)
        if earlier is not None:
            yield from ((earlier.get(spec.name), spec) for spec in plan.specs)
            return
        # One of them can't be planned then: it is new, or was wrong. The others can be compared.
        seen: set[str] = set()
        for name in _asked_for(plan):
            earlier = self._described(project, [name]) or {}
            specs = describe_builds(
                self._project, [name], surroundings=self._now, overrides=self._overrides
            )
            for spec in specs:
                if spec.name not in seen:
                    seen.add(spec.name)
                    yield earlier.get(spec.name), spec

    def _earlier(self) -> Project:
        """
        Return the project as its file described it.

        Raises:
            ConfigError: It did not, or not in a way that can be read.
        """
        origin = self._project.origin
        if origin is None:
            return self._project
        path = absolute(origin.path, self._now.folder)
        try:
            data = self._files.read_bytes(path)
        except OSError as error:
            raise ConfigError(f"was not there: {error.strerror}", path=origin.path) from error
        return read_file(data, path=Path(path))

    def _described(self, project: Project, names: Sequence[str]) -> dict[str, BuildSpec] | None:
        """Return the builds by name as they were, or None if one of them could not be planned."""
        try:
            specs = describe_builds(
                project,
                names,
                surroundings=self._files.surroundings(),
                overrides=self._overrides,
            )
            for spec in specs:
                _ = spec.stages
        except (ConfigError, DockerfileError):
            return None
        return {spec.name: spec for spec in specs}


def _spread(plan: BuildPlan, found: dict[str, tuple[str, ...]]) -> None:
    """Add what is based on, or gated by, what has changed; and what a tagged stage belongs to."""
    for stage, owner in _tagged_stages(plan).items():
        if stage in found:
            found.setdefault(owner, found[stage])
    pending = list(found)
    for name in pending:
        for spec in plan.specs:
            if spec.name in found:
                continue
            if name in spec.bases.values():
                found[spec.name] = (f"based on {name}",)
                pending.append(spec.name)
            elif name in spec.requires:
                found[spec.name] = (f"gate {name}",)
                pending.append(spec.name)


def _tagged_stages(plan: BuildPlan) -> dict[str, str]:
    """Return the builds of stages that are only tagged, each with the build that it belongs to."""
    return {
        f"{spec.name}/{stage}": spec.name
        for spec in plan.specs
        for stage in spec.tag_stages
        if spec.name.rpartition("/")[2] not in spec.tag_stages
    }


def _asked_for(plan: BuildPlan) -> list[str]:
    tagged = _tagged_stages(plan)
    return [
        spec.name for spec in plan.specs if spec.name not in plan.gates and spec.name not in tagged
    ]
