"""Rules about build args: given and not declared, declared and not used, used and not declared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit, Severity
from stagebuild.checks.rules.caching import mentions
from stagebuild.dockerfile import Arg, Run, StageSource
from stagebuild.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.checks.subject import Subject
    from stagebuild.dockerfile import Stage, Step

# Docker's predefined args, and those that BuildKit itself reads: no Dockerfile declares them.
_PREDEFINED = re.compile(
    r"(?:HTTPS?|FTP|NO|ALL)_PROXY|BUILDKIT_.*|SOURCE_DATE_EPOCH|(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)",
    re.IGNORECASE,
)
# What programs read from their environment without its being mentioned.
_READ_BY_TOOLS = re.compile(
    r"DEBIAN_FRONTEND|.*_PROXY|(?:PIP|UV|POETRY|NPM|NODE|YARN|GO|CGO|CARGO|RUST|MAVEN|GRADLE|JAVA|BUNDLE"
    r"|COMPOSER|MIX|RAILS|NEXT|VITE|REACT|PUBLIC|DOTNET|NUGET|CMAKE|TZ|LANG|LC|AWS|SENTRY)(?:_.*)?"
    r"|GO(?:OS|ARCH|ARM|FLAGS|PROXY|PRIVATE)|[A-Z]*FLAGS|CC|CXX|SOURCE_DATE_EPOCH",
    re.IGNORECASE,
)


def unknown_build_arg(subject: Subject) -> Iterator[Hit]:
    """Yield each build arg of an environment that no stage which it builds declares."""
    for target in subject.targets:
        reachable = target.reachable
        declared = {name for stage in reachable for name in stage.args}
        declared |= set(target.graph.global_args)
        for name in target.build_args:
            if name in declared or _PREDEFINED.fullmatch(name):
                continue
            elsewhere = next((each for each in target.graph.stages if name in each.args), None)
            more = did_you_mean(name, declared)
            if elsewhere is not None:
                more = f'; the stage "{elsewhere.label}" does, which is not built for it'
            yield _of_build_arg(
                subject,
                target.environments,
                name,
                f"no stage that is built for it declares ARG {name}{more}",
            )


def unused_arg(subject: Subject) -> Iterator[Hit]:
    """
    Yield each declared ARG that nothing uses.

    A program may read it from its environment: so where a RUN follows that does not mention it,
    this is worth knowing, and no more.
    """
    graph = subject.graph
    for stage in graph.stages:
        for at, step in enumerate(stage.steps):
            if not isinstance(step.instruction, Arg) or step.is_triggered:
                continue
            later = [*stage.steps[at + 1 :], *_steps_above(subject, stage)]
            for declaration in step.instruction.declarations:
                name = declaration.name
                if any(mentions(each, name) for each in later):
                    continue
                runs = any(isinstance(each.expanded, Run) for each in later)
                if runs and (_READ_BY_TOOLS.fullmatch(name) or _PREDEFINED.fullmatch(name)):
                    continue
                yield Hit(
                    line=step.instruction.line,
                    end_line=step.instruction.lines.end,
                    about=name,
                    message=f"ARG {name} is declared, and no instruction uses it",
                    hint="remove it"
                    + (
                        ", unless a program reads it: it makes RUN steps depend on its value"
                        if runs
                        else ""
                    ),
                    severity=Severity.INFO if runs else None,
                )
    yield from _unused_global_args(subject)


def global_arg(subject: Subject) -> Iterator[Hit]:
    """Yield each use in a stage of an ARG that stands above the first FROM: it is empty there."""
    graph = subject.graph
    for stage in graph.stages:
        for step in stage.steps:
            if isinstance(step.instruction, Arg):
                continue
            unset = {name for name in step.unset if name in graph.global_args}
            if isinstance(step.instruction, Run):
                script = step.instruction.script
                unset |= {
                    name
                    for name in graph.global_args
                    if name not in step.variables
                    and name not in step.args
                    and re.search(rf"\$(?:{re.escape(name)}\b|\{{{re.escape(name)}[:}}])", script)
                    and not re.search(rf"\b{re.escape(name)}=", script)
                }
            for name in sorted(unset):
                yield Hit(
                    line=step.instruction.line,
                    end_line=step.instruction.lines.end,
                    about=name,
                    message=f"{name} is declared above the first FROM: it is empty in a stage",
                    hint=f'repeat ARG {name} in the stage "{stage.label}"',
                )


def _of_build_arg(subject: Subject, environments: tuple[str, ...], name: str, message: str) -> Hit:
    origin = subject.project.origin
    environment = environments[0] if environments else ""
    key = f"environments.{environment}.build-args.{name}"
    return Hit(
        line=None if origin is None else origin.line(key),
        path=None if origin is None else origin.path,
        key=key,
        message=f'build arg {name} of "{environment}": {message}',
        hint=f"declare ARG {name} in the stage that needs it, or leave the build arg out",
    )


def _steps_above(subject: Subject, stage: Stage) -> Iterator[Step]:
    """Yield the steps of stages that stand on this one: an ARG lives on in them."""
    for other in subject.graph.stages:
        if isinstance(other.base, StageSource) and other.base.index == stage.index:
            yield from other.steps
            yield from _steps_above(subject, other)


def _unused_global_args(subject: Subject) -> Iterator[Hit]:
    graph = subject.graph
    used = {name for names in graph.from_args for name in names}
    used |= {name for stage in graph.stages for name in stage.args}
    used |= {made for arg in graph.global_args.values() for made in arg.made_of}
    for name, arg in graph.global_args.items():
        if name not in used and not _PREDEFINED.fullmatch(name):
            yield Hit(
                line=arg.lines.start,
                end_line=arg.lines.end,
                about=name,
                message=f"ARG {name} is declared above the first FROM, and no FROM and no stage"
                " uses it",
                hint=f"remove it, or repeat ARG {name} in the stage that needs it",
            )
