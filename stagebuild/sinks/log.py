"""
Structured logs of a run, through structlog: for log collectors, and for ``-v``.

The sink asks structlog for its logger, so that in a program which has configured structlog (or
configures it later) these logs look like that program's own. Only the command line calls
``configure``. Field names are documented in docs/reference/output.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Self

from stagebuild.errors import BuildCanceled, BuildFailed
from stagebuild.runevents import (
    BuildEnded,
    BuildStarted,
    GatesAwaited,
    Progressed,
    Retrying,
    RunEnded,
    RunEvent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import TextIO

    from structlog.typing import FilteringBoundLogger

    from stagebuild.errors import StagebuildError
    from stagebuild.result import BuildResult
    from stagebuild.timeline import Timeline

    Redact = Callable[[str], str]

LOGGER = "stagebuild"


class LogFormat(StrEnum):
    """What ``--log-format`` takes."""

    CONSOLE = "console"
    JSON = "json"


def configure(
    form: LogFormat, stream: TextIO, *, verbose: bool, color: bool, redact: Redact
) -> None:
    """
    Configure structlog for the whole process.

    Args:
        form: Aligned text for people, or one JSON object a line.
        stream: Where logs go.
        verbose: Whether ``debug`` is logged too: the steps, not only the stages.
        color: Whether ``console`` is coloured.
        redact: Returns a text without the secrets in it; applied to every text in every field.
    """
    import logging  # noqa: PLC0415 - for its level numbers; a run without logs needs none

    import structlog  # noqa: PLC0415 - the same

    renderer: structlog.typing.Processor
    if form is LogFormat.JSON:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=color, sort_keys=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            Redactor(redact),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if verbose else logging.INFO
        ),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )


class Redactor:
    """A structlog processor that takes secrets out of every text, however deep it is nested."""

    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    def __call__(
        self, _logger: object, _method: str, event_dict: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        """Return the fields, redacted."""
        return {key: self._clean(value) for key, value in event_dict.items()}

    def _clean(self, value: object) -> object:
        match value:
            case str():
                return self._redact(value)
            case dict():
                return {self._clean(key): self._clean(item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._clean(item) for item in value]
            case None | bool() | int() | float():
                return value
            case _:
                # A renderer would call str or repr on it, and print what that reveals.
                return self._redact(str(value))


def log_choice(backend: str, reason: str) -> None:
    """Log which backend builds, and why."""
    import structlog  # noqa: PLC0415 - a run without logs needs none

    structlog.get_logger(LOGGER).debug("backend chosen", backend=backend, reason=reason)


class LogSink:
    """
    Logs what happens to each build; says nothing of running steps' output.

    Args:
        logger: Where to; structlog's logger ``stagebuild`` when not given.
    """

    def __init__(self, logger: FilteringBoundLogger | None = None) -> None:
        if logger is None:
            import structlog  # noqa: PLC0415 - a run without logs needs none

            logger = structlog.get_logger(LOGGER)
        self._logger: FilteringBoundLogger = logger

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    def emit(self, event: RunEvent) -> None:
        """Log one event."""
        match event:
            case Progressed():
                pass
            case BuildStarted(build=build, spec=spec):
                self._logger.info(
                    "build started",
                    build=build,
                    target=spec.target,
                    dockerfile=spec.dockerfile_shown,
                    platforms=[str(platform) for platform in spec.platforms],
                    tags=list(spec.tags),
                )
            case Retrying(build=build):
                self._logger.warning(
                    "build retried",
                    build=build,
                    attempt=event.attempt,
                    wait_s=round(event.wait_s, 3),
                    cause=event.cause,
                    reason=event.reason,
                )
            case GatesAwaited(build=build, gates=gates):
                self._logger.info("gates awaited", build=build, gates=list(gates))
            case BuildEnded(build=build, result=result, error=error):
                if result is not None:
                    self._succeeded(build, result)
                if error is not None:
                    self._failed(build, error)
            case RunEnded(succeeded=succeeded, failed=failed):
                self._logger.info("run ended", succeeded=succeeded, failed=failed)

    def _succeeded(self, build: str, result: BuildResult) -> None:
        self._log_timings(build, result.timeline)
        for warning in result.warnings:
            self._logger.warning(
                "dockerfile warning",
                build=build,
                message=warning.message,
                path=warning.path,
                line=warning.line,
                url=warning.url,
            )
        self._logger.info(
            "build ended",
            build=build,
            digest=result.digest,
            image_id=result.image_id,
            reference=result.reference,
            wall_s=round(result.wall_s, 3),
            cached=round(result.cached, 3),
            attempts=len(result.attempts),
        )

    def _failed(self, build: str, error: StagebuildError) -> None:
        failed = error if isinstance(error, BuildFailed) else None
        if failed is not None and failed.timeline is not None:
            self._log_timings(build, failed.timeline)
        log = self._logger.warning if isinstance(error, BuildCanceled) else self._logger.error
        log(
            "build canceled" if isinstance(error, BuildCanceled) else "build failed",
            build=build,
            kind=type(error).__name__,
            message=error.message,
            hint=error.hint,
            stage=failed.stage if failed else None,
            step=failed.step if failed else None,
            path=getattr(error, "path", None),
            line=getattr(error, "line", None),
            exit_code=failed.exit_code if failed else None,
        )

    def _log_timings(self, build: str, timeline: Timeline) -> None:
        for stage in timeline.stages:
            platform = None if stage.platform is None else str(stage.platform)
            for step in stage.step_timings:
                self._logger.debug(
                    "step ended",
                    build=build,
                    stage=stage.name,
                    platform=platform,
                    step=step.command,
                    index=step.index,
                    busy_s=round(step.busy_s, 3),
                    cached=step.cached,
                )
            self._logger.info(
                "stage ended",
                build=build,
                stage=stage.name,
                platform=platform,
                busy_s=round(stage.busy_s, 3),
                steps=stage.steps,
                cached_steps=stage.cached_steps,
                error=stage.error or None,
            )
