"""
Syntax tree to graph: expands every FROM, finds what each stage depends on, expands its steps.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go, toDispatchState.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from stagebuild.dockerfile.dispatch import Dispatcher
from stagebuild.dockerfile.drafts import Draft, Drafter, is_alone
from stagebuild.dockerfile.expansion import Lexer
from stagebuild.dockerfile.global_args import read_global_args
from stagebuild.dockerfile.graph import StageGraph
from stagebuild.dockerfile.instructions import Instruction, OnBuild
from stagebuild.dockerfile.location import located, placed
from stagebuild.dockerfile.numbering import Numbering, count_steps
from stagebuild.dockerfile.platforms import automatic_args
from stagebuild.dockerfile.scope import Scope
from stagebuild.dockerfile.sources import SourceFinder
from stagebuild.dockerfile.stages import (
    ContextSource,
    Edge,
    ImageSource,
    Stage,
    StageSource,
    Step,
)
from stagebuild.dockerfile.syntax import Dockerfile, read_trigger
from stagebuild.errors import DockerfileError
from stagebuild.model import Platform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOTHING: Mapping[str, str] = MappingProxyType({})
_LINUX_AMD64 = Platform("linux", "amd64")


def resolve(
    dockerfile: Dockerfile,
    *,
    target: str | None = None,
    build_args: Mapping[str, str] = _NOTHING,
    target_platform: Platform | None = None,
    build_platform: Platform = _LINUX_AMD64,
    contexts: Mapping[str, str] = _NOTHING,
    image_env: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> StageGraph:
    """
    Return the graph of the stages, with every step expanded.

    Args:
        dockerfile: The syntax tree.
        target: The stage to build, in any letter case; None for the last one. It is also what
            the automatic ARG ``TARGETSTAGE`` holds, so a FROM can depend on it.
        build_args: Values for ARGs, over every default.
        target_platform: What is built for; None for the build platform.
        build_platform: What the builder runs on.
        contexts: Named contexts: name to value.
        image_env: The ENV of images, by reference as a FROM has it after expansion. Without it
            the variables of an image are taken to be unset, which each step tells (`Step.unset`).

    Raises:
        DockerfileError: What BuildKit refuses whatever is built: a FROM that can't be expanded
            or is no valid reference, an index without a stage, a circle. What it refuses only
            when a stage is built is that stage's `error`.
        UnknownStage: There is no such target.
    """
    return _Resolution(
        dockerfile=dockerfile,
        target=target,
        build_args=build_args,
        target_platform=target_platform or build_platform,
        build_platform=build_platform,
        contexts=contexts,
        image_env=image_env,
    ).graph()


class _Resolution:
    def __init__(
        self,
        *,
        dockerfile: Dockerfile,
        target: str | None,
        build_args: Mapping[str, str],
        target_platform: Platform,
        build_platform: Platform,
        contexts: Mapping[str, str],
        image_env: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._file = dockerfile
        self._path = dockerfile.path
        self._target = target
        self._build_args = build_args
        self._image_env = image_env
        self._lexer = Lexer(escape=dockerfile.escape)
        names = [stage.name for stage in dockerfile.stages]
        automatic = automatic_args(
            target_platform, build_platform, target_stage=target or names[-1] or ""
        )
        self._variables, self._global_args = read_global_args(
            dockerfile.global_args,
            automatic={name: build_args.get(name, value) for name, value in automatic.items()},
            build_args=build_args,
            lexer=self._lexer,
            path=self._path,
        )
        self._drafter = Drafter(
            SourceFinder(names, contexts=contexts, platform=target_platform),
            lexer=self._lexer,
            variables=self._variables,
            path=self._path,
        )
        self._scopes: list[Scope] = []

    def graph(self) -> StageGraph:
        drafts = self._drafter.draft_all(self._file.stages)
        has_one = is_alone(drafts)
        stages = [self._stage(draft, drafts, has_one=has_one) for draft in drafts]
        return StageGraph(
            path=self._path,
            stages=tuple(stages),
            global_args=MappingProxyType(self._global_args),
            from_args=tuple(draft.from_args for draft in drafts),
            build_args=MappingProxyType(dict(self._build_args)),
            target_name=self._target,
            syntax=self._file.syntax,
        )

    def _triggers(self, draft: Draft, drafts: Sequence[Draft]) -> list[Instruction]:
        """Return the instructions that the base stage's ONBUILDs put before those of this one."""
        if not isinstance(draft.base, StageSource) or draft.replacement is not None:
            return []
        triggers: list[Instruction] = []
        for instruction in drafts[draft.base.index].text.instructions:
            if isinstance(instruction, OnBuild):
                trigger = read_trigger(
                    instruction.expression, lines=draft.text.opening.lines, path=self._path
                )
                draft.edges += self._drafter.edges_of(trigger, draft.text.index)
                triggers.append(trigger)
        return triggers

    def _stage(self, draft: Draft, drafts: Sequence[Draft], *, has_one: bool) -> Stage:
        text = draft.text
        triggers: list[Instruction] = []
        try:
            with located(self._path, text.opening.line):
                triggers = self._triggers(draft, drafts)
        except DockerfileError as error:
            draft.error = error
        total = 0
        if draft.replacement is None:
            total = count_steps(draft.base, text.instructions, triggered=len(triggers))
        numbering = Numbering(draft.base, total=total)
        scope = self._scope(draft)
        self._scopes.append(scope)
        steps = self._steps(draft, triggers, scope, numbering) if not draft.replacement else ()
        return Stage(
            index=text.index,
            text=text,
            base_name=draft.base_name,
            base=draft.base,
            platform=draft.platform,
            replacement=draft.replacement,
            edges=tuple(draft.edges),
            steps=tuple(steps),
            env=scope.env,
            variables=scope.variables,
            args=scope.args,
            vertex_name="" if has_one else text.name or f"stage-{text.index}",
            total=total,
            base_number=numbering.base_number,
            error=self._error(draft),
        )

    def _scope(self, draft: Draft) -> Scope:
        if draft.replacement is not None:
            return Scope.of_image(self._image_env.get(draft.replacement.reference))
        match draft.base:
            case StageSource(index=index):
                return self._scopes[index].child()
            case ImageSource() | ContextSource():
                return Scope.of_image(self._image_env.get(draft.base_name))
            case _:
                return Scope.of_scratch()

    def _steps(
        self,
        draft: Draft,
        triggers: Sequence[Instruction],
        scope: Scope,
        numbering: Numbering,
    ) -> list[Step]:
        dispatcher = Dispatcher(
            scope,
            lexer=self._lexer,
            global_args=self._variables,
            build_args=self._build_args,
        )
        steps: list[Step] = []
        for position, instruction in enumerate((*triggers, *draft.text.instructions)):
            variables, args = scope.variables, scope.args
            expanded = instruction
            if draft.error is None:
                try:
                    expanded = dispatcher.dispatch(instruction)
                except DockerfileError as error:
                    draft.error = placed(error, path=self._path, line=instruction.line)
            steps.append(
                Step(
                    instruction=instruction,
                    expanded=expanded,
                    variables=variables,
                    args=args,
                    used=frozenset(dispatcher.used),
                    unset=frozenset(dispatcher.unset),
                    number=numbering.next_number(instruction, workdir=scope.workdir),
                    is_triggered=position < len(triggers),
                )
            )
        return steps

    def _error(self, draft: Draft) -> DockerfileError | None:
        """Return the first reason in file order why this stage can't be built."""
        if draft.replacement is not None:
            return None
        forward = next(filter(_is_forward, draft.edges), None)
        if forward is None or (draft.error and (draft.error.line or 0) < forward.line):
            return draft.error
        assert isinstance(forward.source, StageSource)  # noqa: S101 - what is forward is a stage
        later = self._file.stages[forward.source.index]
        return DockerfileError(
            f'the stage "{later.name or later.index}" is not defined before it is used',
            path=self._path,
            line=forward.line,
            hint=f"move the stage in line {later.lines.start} up",
        )


def _is_forward(edge: Edge) -> bool:
    return isinstance(edge.source, StageSource) and edge.source.is_forward
