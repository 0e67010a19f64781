"""What the process says when it ends; the only place that knows numbers."""

from __future__ import annotations

from enum import IntEnum

from stagebuild.distribution.errors import RegistryError
from stagebuild.errors import (
    BackendError,
    BudgetExceeded,
    BuildCanceled,
    ConfigError,
    ContextError,
    DockerfileError,
    RegistryFailed,
    StagebuildError,
)


class ExitCode(IntEnum):
    """The documented exit codes. A signal adds 128 to its number: 130 and 143."""

    OK = 0
    BUILD_FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    NO_ENGINE = 4
    REGISTRY = 5
    BUDGET = 6
    INTERRUPTED = 130
    TERMINATED = 143


def exit_code_of(error: StagebuildError) -> ExitCode:
    """Return the exit code that tells of ``error``."""
    match error:
        case ConfigError() | ContextError() | DockerfileError():
            return ExitCode.CONFIGURATION
        case BackendError():
            return ExitCode.NO_ENGINE
        case RegistryFailed() | RegistryError():
            return ExitCode.REGISTRY
        case BudgetExceeded():
            return ExitCode.BUDGET
        case BuildCanceled():
            return ExitCode.INTERRUPTED
        case _:
            return ExitCode.BUILD_FAILED
