"""
A Dockerfile -> a first ``stagebuild.toml``, with comments. Pure.

Everything that could be wrong for the reader (a registry, a secret's source) is written as a
comment, so that what comes out can be used as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.naming import (
    PRODUCTION_NAME,
    SHIPPED_NAME,
    SUPPORT_NAME,
    TEST_NAME,
    is_secret_name,
)
from stagebuild.config.keypaths import quoted
from stagebuild.dockerfile import (
    Dockerfile,
    ScratchSource,
    StageGraph,
    StageSource,
    outline,
    resolve,
)
from stagebuild.errors import DockerfileError
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.dockerfile import Stage

UNNAMED = "prod"
"""What the environment of a Dockerfile without any named stage is called."""

_HEAD = """\
# What `stagebuild` builds, written by `stagebuild init` from {dockerfile}.
# Each environment is a stage of that file, and what differs about it: `stagebuild {example}`.
# Every key is explained in stagebuild's docs/reference/configuration.md; `stagebuild schema` prints
# the JSON Schema for editors, `stagebuild check` looks at the Dockerfile.
"""


@frozen
class Start:
    """
    What is written for one stage.

    Attributes:
        name: The environment's, which is the stage's.
        description: One line for people.
        is_shipped: Whether its image is meant to leave this machine.
        is_test: Whether it only has to succeed.
        exports: Whether it holds nothing but files to take out: a stage on scratch.
        requires: Its gates.
        args: ARGs that are its own to set, with their defaults, "" for none.
        secrets: Ids of the secrets that its steps mount.
    """

    name: str
    description: str
    is_shipped: bool
    is_test: bool
    exports: bool
    requires: tuple[str, ...]
    args: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]


def configuration_for(tree: Dockerfile, *, name: str, dockerfile: str) -> str:
    """
    Return the text of a first configuration.

    Args:
        tree: The Dockerfile.
        name: The project's name.
        dockerfile: Its path from the configuration's folder, which is also the context.

    Raises:
        DockerfileError: BuildKit would refuse the Dockerfile whatever is built.
    """
    graph = resolve(tree)
    starts = _starts(tree, graph)
    example = next((each.name for each in starts if each.is_shipped), starts[-1].name)
    sections = [_HEAD.format(dockerfile=dockerfile, example=example), _project(name, dockerfile)]
    sections += map(_environment, starts)
    if graph.names and graph.stages[-1].name is None:
        line = graph.stages[-1].lines.start
        sections.append(
            f"# The last stage ({dockerfile}:{line}) has no name: give it one with AS to build it\n"
        )
    return "\n".join(sections)


def _starts(tree: Dockerfile, graph: StageGraph) -> list[Start]:
    """Return what becomes an environment: the ends of branches, and what is called like one."""
    passed = {edge.source.index for edge in graph.edges if isinstance(edge.source, StageSource)}
    named = [graph.stage(name) for name in graph.names]
    goals = [
        stage
        for stage in named
        if stage.index not in passed or _is_called_environment(stage.name or "")
    ]
    chosen = goals or named or [graph.stages[-1]]
    shipped = _shipped(chosen, graph)
    tests = [stage for stage in chosen if stage not in shipped and _is_test(stage.name)]
    return [_start(stage, tree, shipped=shipped, tests=tests) for stage in chosen]


def _is_called_environment(name: str) -> bool:
    return PRODUCTION_NAME.search(name) is not None or name in ("dev", "development")


def _shipped(stages: Sequence[Stage], graph: StageGraph) -> list[Stage]:
    """Return the stages that are called so, else the last one unless it is called like a tool."""
    for pattern in (PRODUCTION_NAME, SHIPPED_NAME):
        named = [
            stage
            for stage in stages
            if pattern.search(stage.name or "") and not SUPPORT_NAME.search(stage.name or "")
        ]
        if named:
            return named
    last = graph.stages[-1]
    return [last] if last in stages and not SUPPORT_NAME.search(last.name or "") else []


def _is_test(name: str | None) -> bool:
    return TEST_NAME.search(name or "") is not None


def _start(
    stage: Stage, tree: Dockerfile, *, shipped: Sequence[Stage], tests: Sequence[Stage]
) -> Start:
    is_shipped = stage in shipped
    graph = resolve(tree, target=stage.name)
    reachable = {each.index for each in graph.reachable()}
    gates = [each.name or "" for each in tests if each.index not in reachable] if is_shipped else ()
    secrets: tuple[str, ...] = ()
    args: tuple[tuple[str, str], ...] = ()
    try:
        told = outline(graph)
    except DockerfileError:
        pass  # it can't be built as it is, which `check` tells
    else:
        secrets = tuple(each.id for each in told.secrets)
        args = tuple(
            (each.name, each.value or "") for each in told.args if not is_secret_name(each.name)
        )
    return Start(
        name=stage.name or UNNAMED,
        description=stage.description,
        is_shipped=is_shipped,
        is_test=_is_test(stage.name),
        exports=isinstance(graph.target.base, ScratchSource),
        requires=tuple(gates),
        args=args,
        secrets=secrets,
    )


def _project(name: str, dockerfile: str) -> str:
    lines = ["[project]", f"name = {_text(name)}"]
    if dockerfile != "Dockerfile":
        lines.append(f"dockerfile = {_text(dockerfile)}")
    lines += [
        '# repository = "registry.example/shop"   # where images are pushed; ${repository} below',
        "",
    ]
    return "\n".join(lines)


def _environment(start: Start) -> str:
    return "\n".join([f"[environments.{quoted(start.name)}]", *_settings(start), ""])


def _settings(start: Start) -> Iterator[str]:
    if start.description:
        yield f"description = {_text(start.description)}"
    if start.requires:
        gates = ", ".join(map(_text, start.requires))
        yield f"requires = [{gates}]   # gates: nothing is published before they have passed"
    if start.is_test and start.exports:
        yield 'output = { type = "local", dest = "reports" }   # its files, on this machine'
    elif start.is_test:
        yield 'output = "type=cacheonly"   # it only has to succeed: no image is made'
    elif start.is_shipped:
        yield '# tags = ["${repository}:${git.short-sha}", "${repository}:' + start.name + '"]'
        yield '# platforms = ["linux/amd64", "linux/arm64"]'
    else:
        yield "# load = true   # put the image into the engine's image store"
    if start.args:
        given = ", ".join(f"{quoted(name)} = {_text(value)}" for name, value in start.args)
        yield f"# build-args = {{ {given} }}"
    if start.secrets:
        given = ", ".join(
            f'{quoted(id_)} = {{ env = "{_variable(id_)}" }}' for id_ in start.secrets
        )
        yield f"# secrets = {{ {given} }}   # the Dockerfile mounts them: say where they come from"


def _variable(identifier: str) -> str:
    """Return the environment variable in which a secret of this id may be found."""
    return "".join(
        each if each.isalnum() and each.isascii() else "_" for each in identifier
    ).upper()


def _text(text: str) -> str:
    """Return a TOML string: variables of ours are not meant, and control characters not allowed."""
    plain = "".join(each for each in text if each.isprintable()).replace("$", "$$")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
