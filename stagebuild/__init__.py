"""
stagebuild drives Docker BuildKit per environment.

::

    import stagebuild as sb

    results = sb.execute(sb.plan_builds(sb.load(), ["prod"]), push=True)
    print(results["prod"].reference)        # registry.example/shop@sha256:…

The public names, nothing else. Each is imported when it is first used, so that a script which only
makes values waits for no engine code, and ``--help`` for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.lazily import names_from
from stagebuild.version import __version__

if TYPE_CHECKING:
    from stagebuild.backends.base import Backend, Cancel, SolveResponse
    from stagebuild.budgets.values import BudgetCheck, BudgetReport, Culprit
    from stagebuild.changes import Changes, changed_since
    from stagebuild.checks import CheckReport, Finding, Ignored, Severity, check_project
    from stagebuild.config import load, schema
    from stagebuild.distribution.errors import RegistryError
    from stagebuild.errors import (
        BackendError,
        BudgetExceeded,
        BuildCanceled,
        BuildFailed,
        BuildTimedOut,
        ConfigError,
        ContextError,
        DockerfileError,
        EngineUnavailable,
        GateFailed,
        HistoryError,
        ImageUnreadable,
        ProtocolError,
        RegistryFailed,
        StagebuildError,
        UnknownEnvironment,
        UnknownStage,
        UnsupportedFeature,
    )
    from stagebuild.forecast import (
        Cause,
        Forecast,
        Reason,
        StageForecast,
        State,
        StepForecast,
        forecast,
    )
    from stagebuild.history import (
        BudgetRecord,
        BuildRecord,
        GitState,
        History,
        LayerRecord,
        Machine,
        StageRecord,
        StepRecord,
    )
    from stagebuild.model import (
        Attestation,
        Builder,
        BuilderNode,
        CacheEntry,
        Checks,
        Digest,
        Environment,
        Image,
        Output,
        Platform,
        Project,
        Secret,
        SshForward,
        TlsFiles,
        Ulimit,
    )
    from stagebuild.planning import BuildPlan, BuildSpec, Overrides, Surroundings, plan_builds
    from stagebuild.promotion import Promotion, TagMove, promote
    from stagebuild.promotion.errors import PromotionRefused
    from stagebuild.registry import ImageDigests
    from stagebuild.report.document import run_document
    from stagebuild.result import Attempt, BuildResult, BuildWarning
    from stagebuild.runevents import (
        BuildEnded,
        BuildStarted,
        GatesAwaited,
        Progressed,
        Retrying,
        RunEnded,
        RunEvent,
    )
    from stagebuild.runner import RunOutcome, build, execute, run
    from stagebuild.sinks.reports import ReportSink, report_to
    from stagebuild.sizes import ImageSizes, LayerSize
    from stagebuild.timeline import (
        CacheUse,
        Overhead,
        PathSegment,
        StageTiming,
        StepTiming,
        Timeline,
    )

_HOMES = {
    "backends.base": ("Backend", "Cancel", "SolveResponse"),
    "budgets.values": ("BudgetCheck", "BudgetReport", "Culprit"),
    "changes": ("Changes", "changed_since"),
    "checks": ("CheckReport", "Finding", "Ignored", "Severity", "check_project"),
    "config": ("load", "schema"),
    "errors": (
        "BackendError",
        "BudgetExceeded",
        "BuildCanceled",
        "BuildFailed",
        "BuildTimedOut",
        "ConfigError",
        "ContextError",
        "DockerfileError",
        "EngineUnavailable",
        "GateFailed",
        "HistoryError",
        "ImageUnreadable",
        "ProtocolError",
        "RegistryFailed",
        "StagebuildError",
        "UnknownEnvironment",
        "UnknownStage",
        "UnsupportedFeature",
    ),
    "forecast": (
        "Cause",
        "Forecast",
        "Reason",
        "StageForecast",
        "State",
        "StepForecast",
        "forecast",
    ),
    "history": (
        "BudgetRecord",
        "BuildRecord",
        "GitState",
        "History",
        "LayerRecord",
        "Machine",
        "StageRecord",
        "StepRecord",
    ),
    "model": (
        "Attestation",
        "Builder",
        "BuilderNode",
        "CacheEntry",
        "Checks",
        "Digest",
        "Environment",
        "Image",
        "Output",
        "Platform",
        "Project",
        "Secret",
        "SshForward",
        "TlsFiles",
        "Ulimit",
    ),
    "planning": ("BuildPlan", "BuildSpec", "Overrides", "Surroundings", "plan_builds"),
    "distribution.errors": ("RegistryError",),
    "promotion.errors": ("PromotionRefused",),
    "promotion": ("Promotion", "TagMove", "promote"),
    "registry": ("ImageDigests",),
    "report.document": ("run_document",),
    "sinks.reports": ("ReportSink", "report_to"),
    "result": ("Attempt", "BuildResult", "BuildWarning"),
    "runevents": (
        "BuildEnded",
        "BuildStarted",
        "GatesAwaited",
        "Progressed",
        "Retrying",
        "RunEnded",
        "RunEvent",
    ),
    "runner": ("RunOutcome", "build", "execute", "run"),
    "sizes": ("ImageSizes", "LayerSize"),
    "timeline": ("CacheUse", "Overhead", "PathSegment", "StageTiming", "StepTiming", "Timeline"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Attempt",
    "Attestation",
    "Backend",
    "BackendError",
    "BudgetCheck",
    "BudgetExceeded",
    "BudgetRecord",
    "BudgetReport",
    "BuildCanceled",
    "BuildEnded",
    "BuildFailed",
    "BuildPlan",
    "BuildRecord",
    "BuildResult",
    "BuildSpec",
    "BuildStarted",
    "BuildTimedOut",
    "BuildWarning",
    "Builder",
    "BuilderNode",
    "CacheEntry",
    "CacheUse",
    "Cancel",
    "Cause",
    "Changes",
    "CheckReport",
    "Checks",
    "ConfigError",
    "ContextError",
    "Culprit",
    "Digest",
    "DockerfileError",
    "EngineUnavailable",
    "Environment",
    "Finding",
    "Forecast",
    "GateFailed",
    "GatesAwaited",
    "GitState",
    "History",
    "HistoryError",
    "Ignored",
    "Image",
    "ImageDigests",
    "ImageSizes",
    "ImageUnreadable",
    "LayerRecord",
    "LayerSize",
    "Machine",
    "Output",
    "Overhead",
    "Overrides",
    "PathSegment",
    "Platform",
    "Progressed",
    "Project",
    "Promotion",
    "PromotionRefused",
    "ProtocolError",
    "Reason",
    "RegistryError",
    "RegistryFailed",
    "ReportSink",
    "Retrying",
    "RunEnded",
    "RunEvent",
    "RunOutcome",
    "Secret",
    "Severity",
    "SolveResponse",
    "SshForward",
    "StageForecast",
    "StageRecord",
    "StageTiming",
    "StagebuildError",
    "State",
    "StepForecast",
    "StepRecord",
    "StepTiming",
    "Surroundings",
    "TagMove",
    "Timeline",
    "TlsFiles",
    "Ulimit",
    "UnknownEnvironment",
    "UnknownStage",
    "UnsupportedFeature",
    "__version__",
    "build",
    "changed_since",
    "check_project",
    "execute",
    "forecast",
    "load",
    "plan_builds",
    "promote",
    "report_to",
    "run",
    "run_document",
    "schema",
]


__getattr__ = names_from(__name__, _HOME_OF)


def __dir__() -> list[str]:
    return sorted(__all__)
