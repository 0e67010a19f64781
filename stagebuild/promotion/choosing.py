"""Which image is promoted, whether it may be, and which tags it gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.errors import ConfigError
from stagebuild.model import Digest
from stagebuild.model.references import Reference
from stagebuild.planning import GitFacts, GitUnavailable, Surroundings, describe_builds
from stagebuild.planning.publishing import publishing
from stagebuild.promotion.errors import PromotionRefused
from stagebuild.promotion.repositories import Repositories
from stagebuild.promotion.values import Promotion, TagMove
from stagebuild.registry.copying import gone
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stagebuild.history import BuildRecord, History
    from stagebuild.model import Project
    from stagebuild.planning import BuildSpec

_PUSHED = ("built", "skipped", "promoted")
_LOOKED_AT = 500
_REMEDY = "`stagebuild {source} --push` builds, gates and records one"


def plan_promotion(
    source: str,
    target: str,
    *,
    project: Project,
    history: History,
    digest: str | None = None,
    surroundings: Surroundings | None = None,
    environ: Mapping[str, str] | None = None,
) -> Promotion:
    """
    Return what promoting would do. Writes nothing.

    Args:
        source: The environment that runs the image.
        target: The one that gets it.
        project: Theirs.
        history: Where it is recorded which gates an image has passed.
        digest: The image, instead of the one that the newest push of ``source`` recorded.
        surroundings: What may be known of the world; this process, now, when not given.
        environ: The process environment, for credentials; this process' own when not given.

    Raises:
        PromotionRefused: No such image is recorded, a gate of either environment is not among
            those that it has passed, or the tag of ``source`` stands for another one now.
        RegistryError: The registry can't be reached or refuses, or no longer has the image.
        ConfigError: The environments are wrong, or there is nowhere to push to.
        HistoryError: The history can't be read.
    """
    around = surroundings or Surroundings.current()
    lean = _without_inputs(project)
    records = _records(history, source, digest)
    record = records[0]
    chosen = Digest.parse(str(record.digest))
    specs = {
        spec.name: spec
        for spec in describe_builds(lean, [source, target], surroundings=_at(record, around))
    }
    own, other = (_one(specs, name) for name in (source, target))
    gates = _gates(specs, (own, other)) - {source}
    passed = _passed(specs, records)
    missing = sorted(gates - passed)
    if missing:
        raise PromotionRefused(
            f"{source} at {chosen.short} is not known to have passed {', '.join(missing)}",
            digest=chosen,
            gates=missing,
            hint=f"{source} has to require what {target} does: [environments.{source}] requires ="
            f" [{', '.join(map(repr, sorted(gates)))}]; then " + _REMEDY.format(source=source),
        )
    repositories = Repositories(os.environ if environ is None else environ)
    repository = _where(record, chosen, repositories, check=digest is None)
    moves = []
    for tag in publishing(other, push=True, load=None).tags:
        at = Reference.parse(tag)
        before = repositories.of(at, pushes=True).digest(at.tag or "latest")
        moves.append(TagMove(tag=tag, before=before))
    return Promotion(
        source=source,
        target=target,
        digest=chosen,
        repository=repository,
        moves=tuple(moves),
        gates=tuple(sorted(gates)),
        record=record,
        notes=tuple(_notes(own, other, record)),
    )


def _without_inputs(project: Project) -> Project:
    """Return the project without what only a build needs, a secret's variable say."""
    environments = {
        name: replaced(given, secrets={}, ssh={}, cache=None, cache_from=None, cache_to=None)
        for name, given in (project.environments or {}).items()
    }
    return replaced(project, environments=environments) if environments else project


def _records(history: History, source: str, digest: str | None) -> Sequence[BuildRecord]:
    """Return the recorded pushes of one image, the newest first; at least one."""
    if digest is not None:
        try:
            Digest.parse(digest)
        except ValueError as error:
            raise ConfigError(str(error), key="--digest") from error
    recent = history.builds(source, limit=_LOOKED_AT)
    pushed = [each for each in recent if each.pushed and each.outcome in _PUSHED and each.digest]
    wanted = digest or (pushed[0].digest if pushed else None)
    found = [each for each in pushed if each.digest == wanted]
    if not found:
        what = f"no push of {source}" if digest is None else f"no push of {digest} as {source}"
        raise PromotionRefused(
            f"{what} is recorded, so nobody knows which gates it has passed",
            digest=digest,
            hint=_REMEDY.format(source=source)
            + "; in CI both jobs need the same history (STAGEBUILD_HISTORY names its file)",
        )
    return found


def _at(record: BuildRecord, around: Surroundings) -> Surroundings:
    """Return surroundings in which git says what was built: tags with a commit are of that one."""
    state = record.git
    if state is None:
        return around

    def git(folder: str) -> GitFacts:
        try:
            now = around.git(folder)
        except GitUnavailable:
            now = None
        if now is not None and now.sha == state.sha:
            return now._replace(dirty=state.dirty)
        return GitFacts(
            sha=state.sha,
            branch=state.branch,
            tag=None,
            describe=state.sha[:7],
            dirty=state.dirty,
        )

    return replaced(around, git=git)


def _one(specs: Mapping[str, BuildSpec], name: str) -> BuildSpec:
    """Return the spec of one image in one environment; a promotion is of one image."""
    if name in specs:
        return specs[name]
    several = sorted(spec for spec in specs if spec.endswith(f":{name}") or f"{name}[" in spec)
    raise ConfigError(
        f"{name} is several builds: a promotion is of one image",
        key=f"environments.{name}",
        hint=f"name one of: {', '.join(several)}",
    )


def _gates(specs: Mapping[str, BuildSpec], begin: Iterable[BuildSpec]) -> set[str]:
    """Return the gates of these builds, and the gates of gates."""
    found: set[str] = set()
    pending = [gate for spec in begin for gate in spec.requires]
    while pending:
        gate = pending.pop()
        if gate not in found:
            found.add(gate)
            pending += specs[gate].requires if gate in specs else ()
    return found


def _passed(specs: Mapping[str, BuildSpec], records: Iterable[BuildRecord]) -> set[str]:
    """Return the gates after which an image was published, and what they had required."""
    found = {gate for record in records for gate in record.gates}
    return found | _gates(specs, [specs[gate] for gate in found if gate in specs])


def _where(record: BuildRecord, digest: Digest, repositories: Repositories, *, check: bool) -> str:
    """Return the repository that has the image, and check that its tags still stand for it."""
    tags = [Reference.parse(tag) for tag in record.tags]
    if not tags:
        raise PromotionRefused(
            "the recorded build has no tags, so nobody knows where it was pushed to",
            digest=digest,
        )
    first = repositories.of(tags[0])
    for tag in tags if check else ():
        now = repositories.of(tag).digest(tag.tag or "latest")
        if now not in (None, digest):
            raise PromotionRefused(
                f"{tag.familiar_name}:{tag.tag} has moved: the last recorded push made it"
                f" {digest}, and now it is {now}",
                digest=digest,
                hint=f"promote what was recorded with --digest {digest}; or build"
                f" {record.environment} again",
            )
    if first.digest(digest) is None:
        raise gone(first, digest)
    return first.name


def _notes(own: BuildSpec, other: BuildSpec, record: BuildRecord) -> Iterable[str]:
    """Yield what differs between the image that is there and one that a build would make."""
    names = sorted(
        name
        for name in {*own.build_args, *other.build_args}
        if own.build_args.get(name) != other.build_args.get(name)
    )
    if names:
        yield (
            f"its build args are {own.name}'s, not {other.name}'s: {', '.join(names)};"
            " what varies between them belongs into the run-time environment"
        )
    if own.target != other.target:
        yield f"it is the stage {own.target}; a build of {other.name} would be {other.target}"
    if record.git is not None and record.git.dirty:
        yield f"it was built from {record.git.sha[:7]} with changes that are in no commit"
