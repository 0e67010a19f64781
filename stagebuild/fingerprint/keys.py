"""
BuildSpec, folders and image digests -> one key per step, chained like BuildKit's cache keys.

A step's key is made of its operation, of the files that it takes from a context, and of the keys of
what it stands on and of the stages that it takes files from. BuildKit also knows a step by the
content of what it takes from a stage; a client does not see that content, which is why such a step
can only *perhaps* run when its source stage does.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from stagebuild.dockerfile import Add, Copy, Run, ScratchSource, StageSource, Workdir
from stagebuild.fingerprint.selecting import Pick
from stagebuild.fingerprint.steps import (
    Setting,
    run_operation,
    shown,
    transfer_operation,
    workdir_operation,
)
from stagebuild.fingerprint.taking import Inputs, Taker
from stagebuild.fingerprint.values import Fingerprint, StagePrint, StepFacts, StepPrint
from stagebuild.model import Platform
from stagebuild.planning.locking import frontend_images
from stagebuild.secrecy import is_secret_like, redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stagebuild.dockerfile import Source, Stage, StageGraph, Step
    from stagebuild.fingerprint.folders import Trees
    from stagebuild.planning.spec import BuildSpec

_LAYERS = frozenset(("ADD", "ARG", "COPY", "FROM", "RUN"))


def fingerprint(
    spec: BuildSpec, *, folders: Trees, images: Callable[[str, str], str | None]
) -> Fingerprint:
    """
    Return the keys of a build.

    Args:
        spec: What is built.
        folders: Where files are taken from.
        images: Returns the digest of an image by normalized reference and platform, or None; not
            asked about what the spec has locked.

    Raises:
        ContextError: A context or its ignore file can't be read.
        OSError: A file can't be read.
        DockerfileError: BuildKit would refuse the Dockerfile for this build.
    """
    graph = spec.stages

    def digest_of(reference: str, platform: str) -> str | None:
        return spec.locked.get(reference) or images(reference, platform)

    if graph is None:
        return Fingerprint(stages=(), image="", unknown="the build context is remote")
    platforms = spec.platforms or (Platform("linux", "amd64"),)
    stages: list[StagePrint] = []
    images_made: list[tuple[str, str, list[object]]] = []
    for number, platform in enumerate(platforms):
        own = graph if number == 0 or spec.graph_for is None else spec.graph_for(platform)
        chain = _Chain(spec, own, str(platform), folders, digest_of)
        stages += chain.stages()
        images_made.append((str(platform), chain.key_of(own.target), chain.configuration()))
    image = _digest(
        [
            images_made,
            _dockerfile_digest(spec),
            *(str(spec.locked.get(name)) for name, _ in frontend_images(graph)),
            spec.build_args.get("SOURCE_DATE_EPOCH"),
            sorted(spec.labels.items()),
            sorted(spec.annotations.items()),
            sorted(map(str, spec.attestations)),
            sorted(map(str, spec.outputs)),
        ]
    )
    configuration = _digest([said for _, _, said in images_made])
    return Fingerprint(stages=tuple(stages), image=image, configuration=configuration)


def _dockerfile_digest(spec: BuildSpec) -> str:
    """Return the digest of the Dockerfile: what it says besides steps is in no key of a step."""
    with open(spec.dockerfile, "rb") as file:  # noqa: PTH123 - pathlib is not loaded on this path
        return sha256(file.read()).hexdigest()


class _Chain:
    """The keys of one platform's stages."""

    def __init__(
        self,
        spec: BuildSpec,
        graph: StageGraph,
        platform: str,
        folders: Trees,
        images: Callable[[str, str], str | None],
    ) -> None:
        self._spec = spec
        self._graph = graph
        self._platform = platform
        self._keys: dict[int, str] = {}
        remote = "://" in spec.context or not spec.context.startswith("/")
        self._taker = Taker(
            graph,
            context=None if remote else spec.context,
            folders=folders,
            images=images,
            keys=self._keys,
        )
        self._settings: dict[int, Setting] = {}

    def stages(self) -> list[StagePrint]:
        """Return the stages that are built, in file order, which is an order of dependency."""
        return [self._stage(stage) for stage in self._graph.reachable()]

    def key_of(self, stage: Stage) -> str:
        """Return the key of a stage's result, once ``stages`` was called."""
        return self._keys[stage.index]

    def configuration(self) -> list[object]:
        """Return what the image says besides its files: the instructions that make no layer."""
        stage = self._graph.target
        found: list[object] = []
        while True:
            found += [
                repr(step.expanded)
                for step in stage.steps
                if step.instruction.keyword not in _LAYERS
            ]
            if stage.replacement is not None or not isinstance(stage.base, StageSource):
                return found
            stage = self._graph.stages[stage.base.index]

    def _stage(self, stage: Stage) -> StagePrint:
        platform = stage.platform or self._platform
        steps: list[StepPrint] = []
        key, base = self._base(stage, platform)
        if base is not None:
            steps.append(base)
        setting = self._setting(stage)
        if stage.replacement is None:
            for step in stage.steps:
                setting.apply(step)
                made = self._step(stage, step, setting, key, platform)
                if made is not None:
                    steps.append(made)
                    key = made.key
        self._keys[stage.index] = key
        self._settings[stage.index] = setting
        return StagePrint(
            name=stage.label,
            platform=self._platform,
            steps=tuple(steps),
            key=key,
            depends_on=self._depends_on(stage),
        )

    def _depends_on(self, stage: Stage) -> tuple[str, ...]:
        if stage.replacement is not None:
            return ()
        indexes = [e.source.index for e in stage.edges if isinstance(e.source, StageSource)]
        return tuple(dict.fromkeys(self._graph.stages[index].label for index in indexes))

    def _setting(self, stage: Stage) -> Setting:
        if stage.replacement is None and isinstance(stage.base, StageSource):
            return self._settings[stage.base.index].child()
        made = Setting.of_image({})
        if stage.replacement is None and isinstance(stage.base, ScratchSource):
            made.workdir = "/"
        return made

    def _base(self, stage: Stage, platform: str) -> tuple[str, StepPrint | None]:
        """Return the key of what a stage stands on, and the step of a FROM that makes a vertex."""
        source: Source = stage.base if stage.replacement is None else stage.replacement
        if isinstance(source, StageSource):
            return self._keys[source.index], None
        inputs = Inputs()
        self._taker.take(source, Pick(), inputs, platform)
        key = _digest(["from", inputs.operation, platform])
        if stage.base_number is None or stage.replacement is not None:
            return key, None
        return key, StepPrint(
            stage=stage.label,
            platform=self._platform,
            number=stage.base_number,
            line=stage.text.opening.line,
            key=key,
            own=key,
            parent=None,
            facts=StepFacts(instruction=f"FROM {stage.base_name}", image=inputs.image),
            doubt=next(iter(inputs.doubts), None),
        )

    def _step(
        self, stage: Stage, step: Step, setting: Setting, parent: str, platform: str
    ) -> StepPrint | None:
        if step.number is None:
            return None
        inputs = Inputs()
        env: Mapping[str, str] = {}
        settings: dict[str, str] = {}
        match step.expanded:
            case Run() as run:
                operation = run_operation(run, setting, self._spec, platform)
                inputs = self._taker.mounts(stage, run.mounts, platform)
                env = setting.env
                settings = _settings(operation)
            case Copy() | Add() as transfer:
                operation = transfer_operation(transfer, setting, self._spec)
                line = step.instruction.line
                inputs = self._taker.sources(stage, transfer, platform, line=line)
                settings = {"destination": str(operation["to"])}
            case Workdir():
                operation = workdir_operation(setting, self._spec)
                settings = {"user": setting.user}
            case _:  # pragma: no cover - no other instruction has a number
                return None
        own = _digest([operation, inputs.operation])
        secrets = [value for name, value in setting.env.items() if is_secret_like(name, value)]
        return StepPrint(
            stage=stage.label,
            platform=self._platform,
            number=step.number,
            line=step.instruction.line,
            key=_digest([own, parent, sorted(inputs.sources.items())]),
            own=own,
            parent=parent,
            sources=inputs.sources,
            facts=StepFacts(
                instruction=redacted(shown(step.expanded), secrets),
                env={name: _shown_value(name, value) for name, value in env.items()},
                args=frozenset(step.args),
                settings={name: redacted(value, secrets) for name, value in settings.items()},
                image=inputs.image,
                files={path: found.digest for path, found in inputs.selections.items()},
            ),
            doubt=next(iter(inputs.doubts), None),
            is_fresh=self._spec.no_cache or stage.label in self._spec.no_cache_filter,
            selections=inputs.selections,
        )


def _settings(operation: Mapping[str, object]) -> dict[str, str]:
    """Return what of a RUN's operation is neither its command nor its environment."""
    left_out = ("run", "exec", "heredocs", "env")
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in operation.items()
        if name not in left_out
    }


def _shown_value(name: str, value: str) -> str:
    return f"•{_digest(value)[:12]}" if is_secret_like(name, value) else value


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:32]
