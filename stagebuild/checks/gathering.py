"""
A project -> what rules look at: its Dockerfiles, each with the ways in which it is built.

What a build needs besides (secrets, tags, caches) is left out, so that a check needs no variable
that only a deployment sets, and no git.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from stagebuild.checks.findings import Finding, Severity
from stagebuild.checks.naming import PRODUCTION_NAME, SHIPPED_NAME, SUPPORT_NAME
from stagebuild.checks.registry import REFUSED
from stagebuild.checks.rule import PAGE
from stagebuild.checks.subject import Subject, Target
from stagebuild.dockerfile import StageSource, parse, resolve
from stagebuild.errors import ConfigError, DockerfileError, did_you_mean
from stagebuild.model import Environment
from stagebuild.planning import GitFacts, describe_builds
from stagebuild.planning.groups import members
from stagebuild.planning.leaning import lean_project
from stagebuild.values import frozen, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stagebuild.checks.subject import ContextView
    from stagebuild.dockerfile import Dockerfile, StageGraph
    from stagebuild.model import Project
    from stagebuild.planning import BuildSpec, Surroundings

_NOTHING_OF_GIT = GitFacts(
    sha="0" * 40, branch="main", tag="v0", describe="v0-0-g0000000", dirty=False
)
_UNNAMED = "image"


@frozen
class Gathered:
    """
    What was found to check.

    Attributes:
        subjects: One for each Dockerfile and context.
        refusals: What can't be read or resolved at all.
        specs: For each target one spec, for BuildKit's own checks.
    """

    subjects: tuple[Subject, ...]
    refusals: tuple[Finding, ...]
    specs: tuple[BuildSpec, ...]


def gather(
    project: Project,
    names: Sequence[str],
    *,
    surroundings: Surroundings,
    look: Callable[[BuildSpec], ContextView | None],
) -> Gathered:
    """
    Return what there is to check.

    Args:
        project: As written.
        names: Environments to look at; none means all, and then also what none of them reaches.
        surroundings: Where files are read.
        look: Returns what is known of a build's context; called once for each.

    Raises:
        UnknownEnvironment: A name is none of the project's.
        ConfigError: The configuration can't be used.
    """
    lean = lean_project(project, surroundings.environ)
    around = replaced(surroundings, git=lambda _: _NOTHING_OF_GIT)
    try:
        specs = _specs(lean, names, around)
    except DockerfileError as error:
        return Gathered(subjects=(), refusals=(refusal(error),), specs=())
    production = _named_production(project, [spec.name for spec in specs])
    groups: dict[tuple[str, str], list[BuildSpec]] = {}
    for spec in specs:
        if spec.graph is not None:
            groups.setdefault((spec.context, spec.dockerfile), []).append(spec)
    subjects, refusals = [], []
    for group in groups.values():
        data = around.read_bytes(group[0].dockerfile)
        tree = _parsed(data, group[0].dockerfile_shown)
        targets, refused = _targets(tree, group, project, production)
        refusals += refused
        if targets:
            subject = Subject(
                path=tree.path,
                text=data.decode("utf-8", "replace"),
                tree=tree,
                targets=targets,
                project=project,
                context=look(group[0]),
                is_complete=not names,
                locked=frozenset(group[0].locked),
            )
            subjects.append(subject)
            refusals += _stage_refusals(subject)
    return Gathered(subjects=tuple(subjects), refusals=tuple(refusals), specs=_distinct(specs))


@lru_cache(maxsize=8)
def _parsed(data: bytes, path: str) -> Dockerfile:
    """Return the syntax tree of a file, which reading an unnamed last stage needs before."""
    return parse(data, path=path)


def refusal(error: DockerfileError, *, severity: Severity = Severity.ERROR) -> Finding:
    """Return the finding that tells what BuildKit would refuse."""
    return Finding(
        rule=REFUSED,
        severity=severity,
        path=error.path or "Dockerfile",
        line=error.line,
        end_line=None,
        message=error.message,
        hint=error.hint or "",
        page=f"{PAGE}#{REFUSED}",
    )


def _specs(project: Project, names: Sequence[str], around: Surroundings) -> tuple[BuildSpec, ...]:
    """Return the specs to look at; of a Dockerfile alone also that of an unnamed last stage."""
    specs = describe_builds(project, tuple(names) or None, surroundings=around)
    if names or project.environments is not None:
        return specs
    alone = replaced(project, environments={_UNNAMED: Environment()})
    if not specs:
        return describe_builds(alone, [_UNNAMED], surroundings=around)
    tree = _parsed(around.read_bytes(specs[0].dockerfile), specs[0].dockerfile_shown)
    if tree.stages[-1].name is None:
        specs += (replaced(specs[0], name=_UNNAMED, target=None),)
    return specs


def _distinct(specs: Sequence[BuildSpec]) -> tuple[BuildSpec, ...]:
    """Return one spec for each thing that is built."""
    return tuple({_key(spec, target=True): spec for spec in reversed(specs)}.values())[::-1]


def _key(spec: BuildSpec, *, target: bool) -> tuple[object, ...]:
    """Return what decides how a Dockerfile is resolved, with the target or without."""
    return (
        spec.context,
        spec.dockerfile,
        spec.target if target else None,
        tuple(sorted(spec.build_args.items())),
        tuple(sorted(spec.contexts.items())),
        spec.platforms[:1],
    )


def _targets(
    tree: Dockerfile,
    specs: Sequence[BuildSpec],
    project: Project,
    production: Callable[[str, StageGraph], bool],
) -> tuple[tuple[Target, ...], list[Finding]]:
    """Return the ways in which a Dockerfile is built, and why others can't be told."""
    targets: list[Target] = []
    refused: list[Finding] = []
    graph_for = _grapher(tree)
    for spec in specs:
        try:
            graph = graph_for(spec)
        except DockerfileError as error:
            refused.append(refusal(error))
            continue
        unnamed = project.environments is None and spec.name == _UNNAMED and spec.target is None
        targets.append(
            Target(
                environments=() if unnamed else (spec.name,),
                graph=graph,
                stage=graph.target,
                reachable=graph.reachable(),
                is_production=production(spec.name, graph),
                build_args=spec.build_args,
                requires=_requires(project, spec.name),
            )
        )
    if targets and project.checks.production is None:
        targets = _with_last_stage(targets)
    return tuple(targets), refused


def _grapher(tree: Dockerfile) -> Callable[[BuildSpec], StageGraph]:
    """
    Return what resolves the stages for a build.

    For another target alone nothing is resolved anew, unless the file asks which one it is.
    """
    graphs: dict[tuple[object, ...], StageGraph] = {}
    knows_target = any("TARGETSTAGE" in each.text for each in tree.instructions)

    def graph_for(spec: BuildSpec) -> StageGraph:
        key = _key(spec, target=knows_target)
        known = graphs.get(key)
        if known is not None:
            return replaced(known, target_name=spec.target)
        graph = graphs[key] = resolve(
            tree,
            target=spec.target,
            build_args=spec.build_args,
            target_platform=spec.platforms[0] if spec.platforms else None,
            contexts=spec.contexts,
        )
        return graph

    return graph_for


def _with_last_stage(targets: list[Target]) -> list[Target]:
    """Take the last stage for the shipped one where nothing is called so."""
    if any(target.is_production for target in targets):
        return targets
    return [
        replaced(target, is_production=True)
        if target.stage.index == len(target.graph.stages) - 1
        and not SUPPORT_NAME.search(target.stage.name or "")
        and not any(map(SUPPORT_NAME.search, target.environments))
        else target
        for target in targets
    ]


def _named_production(project: Project, names: Sequence[str]) -> Callable[[str, StageGraph], bool]:
    """
    Return what tells whether an environment's image is shipped.

    Raises:
        ConfigError: The configuration names one that there is not.
    """
    listed = project.checks.production
    if listed is None:
        return _is_called_production
    available = [*(project.environments or names)]
    for index, name in enumerate(listed):
        if name not in available:
            key = f"checks.production[{index}]"
            origin = project.origin
            raise ConfigError(
                f'no environment "{name}"{did_you_mean(name, available)}',
                path=None if origin is None else origin.path,
                line=None if origin is None else origin.line(key),
                key=key,
            )
    shipped = {each for name in listed for each in members(project.environments or {}, name)}
    return lambda name, _: name in shipped


def _is_called_production(name: str, graph: StageGraph) -> bool:
    stage = graph.target
    if SUPPORT_NAME.search(name) or SUPPORT_NAME.search(stage.name or ""):
        return False
    if PRODUCTION_NAME.search(name) or PRODUCTION_NAME.search(stage.name or ""):
        return True
    stood_on = any(
        isinstance(edge.source, StageSource) and edge.source.index == stage.index
        for edge in graph.edges
    )
    return not stood_on and SHIPPED_NAME.search(stage.name or "") is not None


def _requires(project: Project, name: str) -> tuple[str, ...]:
    """Return the gates of an environment, those that it inherits included."""
    environments = project.environments or {}
    waiting, seen = [name], set()
    while waiting:
        each = waiting.pop()
        environment = environments.get(each)
        if environment is None or each in seen:
            continue
        seen.add(each)
        if environment.requires is not None:
            return tuple(
                dict.fromkeys(
                    member
                    for gate in environment.requires
                    for member in members(environments, gate)
                )
            )
        waiting += reversed(environment.inherits)
    return ()


def _stage_refusals(subject: Subject) -> Iterator[Finding]:
    """Yield why stages can't be built; what is forward is a rule's."""
    reached = subject.reached()
    for stage in subject.graph.stages:
        forward = any(
            isinstance(edge.source, StageSource) and edge.source.is_forward for edge in stage.edges
        )
        if stage.error is not None and not forward:
            severity = Severity.ERROR if stage.index in reached else Severity.WARNING
            yield refusal(stage.error, severity=severity)
