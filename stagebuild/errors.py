"""
Everything that stagebuild raises on purpose.

::

    StagebuildError                      message, hint
    ├─ ConfigError                       path, line, key
    │  └─ UnknownEnvironment             name, available
    ├─ DockerfileError                   path, line
    │  └─ UnknownStage                   stage, available
    ├─ ContextError                      path, line
    ├─ BackendError                      backend
    │  ├─ EngineUnavailable              no engine, no builder, or too old
    │  ├─ UnsupportedFeature             feature, remedy
    │  └─ ProtocolError                  an answer that can't be read
    ├─ BuildFailed                       build, stage, step, line, log_tail, timeline, attempts
    │  ├─ BuildCanceled
    │  ├─ BuildTimedOut
    │  ├─ GateFailed                     gate
    │  ├─ BudgetExceeded                 checks: what was checked, and what it came to
    │  └─ RegistryFailed                 reference
    ├─ ImageUnreadable                   image
    ├─ HistoryError                      path
    ├─ RegistryError                     reference, status; in `distribution.errors`
    └─ PromotionRefused                  digest, gates; in `promotion.errors`

A message says what, where and what next: ``stagebuild.toml:14: environments.prod.target: no stage
"relase" in docker/Dockerfile; did you mean "release"?``. Exit codes belong to the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stagebuild.budgets.values import BudgetCheck
    from stagebuild.result import Attempt
    from stagebuild.timeline import Timeline

_CUTOFF = 0.66


def nearest(name: str, available: Iterable[str]) -> str | None:
    """
    Return the available name that ``name`` most likely meant, or None.

    Case is ignored. At most about a third of the characters may differ, so that a wild guess is
    never offered.
    """
    folded = name.casefold()
    by_folded = {candidate.casefold(): candidate for candidate in available}
    if not any(_share_letters(folded, candidate) for candidate in by_folded):
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - only needed once something went wrong

    found = get_close_matches(folded, by_folded, n=1, cutoff=_CUTOFF)
    return by_folded[found[0]] if found else None


def _share_letters(one: str, other: str) -> bool:
    """Say whether two words may be alike: difflib's own bound, and every base image asks."""
    shared = sum(min(one.count(letter), other.count(letter)) for letter in set(one))
    return 2 * shared >= _CUTOFF * (len(one) + len(other))


def did_you_mean(name: str, available: Iterable[str]) -> str:
    """Return ``; did you mean "…"?``, else ``; there are: …``, else the empty string."""
    names = sorted(set(available))
    match = nearest(name, names)
    if match is not None:
        return f'; did you mean "{match}"?'
    return f"; there are: {', '.join(names)}" if names else ""


class StagebuildError(Exception):
    """
    The base of every error that stagebuild raises on purpose.

    Attributes:
        message: What went wrong, without its place.
        hint: What to do next, one sentence, or None.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  hint: {self.hint}"


def _place(path: str | None, line: int | None) -> str:
    if path is None:
        return ""
    return f"{path}: " if line is None else f"{path}:{line}: "


class _InFile(StagebuildError):
    """Something is wrong with a file, or in a line of it."""

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line

    def __str__(self) -> str:
        return f"{_place(self.path, self.line)}{super().__str__()}"


class ConfigError(StagebuildError):
    """
    The configuration can't be used.

    Attributes:
        path: The file as the user would type it, or None for a project made in Python.
        line: 1-based line of the key, or None where there is no file.
        key: Dotted path of the key, as ``environments.prod.target``, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        key: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line
        self.key = key

    def __str__(self) -> str:
        key = "" if self.key is None else f"{self.key}: "
        return f"{_place(self.path, self.line)}{key}{super().__str__()}"


class UnknownEnvironment(ConfigError):
    """
    An environment was named that the project does not have.

    Attributes:
        name: What was asked for.
        available: The environments there are, sorted.
    """

    def __init__(
        self,
        name: str,
        available: Iterable[str],
        *,
        path: str | None = None,
        line: int | None = None,
        key: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.name = name
        self.available = tuple(sorted(available))
        message = f'no environment "{name}"{did_you_mean(name, self.available)}'
        super().__init__(message, path=path, line=line, key=key, hint=hint)


class DockerfileError(_InFile):
    """
    A Dockerfile can't be read, or not built as asked.

    Attributes:
        path: The Dockerfile as the user would type it, or None for text without a file.
        line: 1-based line, or None where the whole file is meant.
    """


class UnknownStage(DockerfileError):
    """
    A target or stage was named that the Dockerfile does not have.

    Attributes:
        stage: What was asked for.
        available: The stage names there are, in file order.
    """

    def __init__(
        self,
        stage: str,
        available: Sequence[str],
        *,
        path: str | None = None,
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        self.stage = stage
        self.available = tuple(available)
        message = f'no stage "{stage}"{did_you_mean(stage, self.available)}'
        super().__init__(message, path=path, line=line, hint=hint)


class ContextError(_InFile):
    """
    A build context, or a ``.dockerignore`` file, can't be read.

    Attributes:
        path: The file as the user would type it, or None for text without a file.
        line: 1-based line of a ``.dockerignore``, or None where the whole file is meant.
    """


class BackendError(StagebuildError):
    """
    The backend could not do its work, whatever the build.

    Attributes:
        backend: The backend's name, as ``buildx``.
    """

    def __init__(self, message: str, *, backend: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.backend = backend


class EngineUnavailable(BackendError):
    """No engine, no builder, or one that is too old. The hint says what to install or start."""


class UnsupportedFeature(BackendError):
    """
    A build requires what this backend, engine or buildx version does not have.

    Attributes:
        feature: The feature's name.
        remedy: What to do about it, one sentence; also the hint.
    """

    def __init__(self, feature: str, *, backend: str, remedy: str) -> None:
        super().__init__(f"{backend} has no support for {feature}", backend=backend, hint=remedy)
        self.feature = feature
        self.remedy = remedy


class ProtocolError(BackendError):
    """The engine or a program answered with something that can't be read."""


class BuildFailed(StagebuildError):
    """
    A build ran and did not succeed.

    Attributes:
        build: Name of the build, which is that of its environment.
        stage: Name of the failing stage, or None when the failure is outside of every stage.
        step: The failing instruction as BuildKit names it, or None.
        path: The Dockerfile as the user would type it, or None.
        line: 1-based first line of the failing instruction, or None.
        exit_code: Exit code of the RUN step's process, or None.
        log_tail: The last lines that the failing step printed, oldest first.
        timeline: What had run until then, or None when nothing had started.
        attempts: Every try, the last one last; empty when nothing had started.
    """

    def __init__(
        self,
        message: str,
        *,
        build: str,
        stage: str | None = None,
        step: str | None = None,
        path: str | None = None,
        line: int | None = None,
        exit_code: int | None = None,
        log_tail: Sequence[str] = (),
        timeline: Timeline | None = None,
        attempts: Sequence[Attempt] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.build = build
        self.stage = stage
        self.step = step
        self.path = path
        self.line = line
        self.exit_code = exit_code
        self.log_tail = tuple(log_tail)
        self.timeline = timeline
        self.attempts = tuple(attempts)

    def __str__(self) -> str:
        return f"{_place(self.path, self.line)}{self.build}: {super().__str__()}"


class BuildCanceled(BuildFailed):
    """The build was canceled: by a signal, by ``cancel()``, or because a sibling failed."""


class BuildTimedOut(BuildFailed):
    """The build took longer than it may, or said nothing for too long, and was ended."""


class GateFailed(BuildFailed):
    """
    A build was not published, because what it requires did not succeed.

    Stage, step, path, line, exit code and log tail are those of the gate's failure, which is also
    the ``__cause__``; the timeline is that of the build itself, None when it had not begun.

    Attributes:
        gate: Name of the build that failed: a gate of this one, or a gate of a gate.
    """

    def __init__(self, message: str, *, build: str, gate: str, **rest: object) -> None:
        super().__init__(message, build=build, **rest)  # type: ignore[arg-type]  # passed through
        self.gate = gate


class RegistryFailed(BuildFailed):
    """
    A registry refused or could not be reached, while resolving, pulling or pushing.

    Attributes:
        reference: The image reference concerned, or None when the engine did not say.
    """

    def __init__(self, message: str, *, build: str, reference: str | None, **rest: object) -> None:
        super().__init__(message, build=build, **rest)  # type: ignore[arg-type]  # passed through
        self.reference = reference


class BudgetExceeded(BuildFailed):
    """
    A build succeeded, came to more than its budget allows, and was not published.

    Stage, step, path and line are those of what cost most.

    Attributes:
        checks: Everything that was checked, in the order of the budget's keys.
    """

    def __init__(
        self, message: str, *, build: str, checks: Sequence[BudgetCheck], **rest: object
    ) -> None:
        super().__init__(message, build=build, **rest)  # type: ignore[arg-type]  # passed through
        self.checks = tuple(checks)

    @property
    def excesses(self) -> tuple[BudgetCheck, ...]:
        """What was not met."""
        return tuple(check for check in self.checks if not check.met)


class ImageUnreadable(StagebuildError):
    """
    What is in an image can't be read: it is not there, or is not what it should be.

    Attributes:
        image: Which, as the user named it, or None.
    """

    def __init__(self, message: str, *, image: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.image = image

    def __str__(self) -> str:
        image = "" if self.image is None else f"{self.image}: "
        return f"{image}{super().__str__()}"


class HistoryError(StagebuildError):
    """
    What is remembered of earlier builds can't be read or written. Never fails a build.

    Attributes:
        path: The history's file.
    """

    def __init__(self, message: str, *, path: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {super().__str__()}"
