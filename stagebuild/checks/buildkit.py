"""BuildKit's own checks, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import Finding, Severity
from stagebuild.checks.registry import REFUSED
from stagebuild.checks.rule import PAGE
from stagebuild.errors import BackendError
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stagebuild.backends.buildx.linting import LintWarning
    from stagebuild.planning import BuildSpec

_AT_ONCE = 4


@frozen
class Linted:
    """
    What BuildKit said.

    Attributes:
        findings: Each once, though several targets reach the same line.
        notes: Why it could not be asked, one sentence for each reason.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def lint_all(
    specs: Sequence[BuildSpec], lint: Callable[[BuildSpec], tuple[LintWarning, ...]]
) -> Linted:
    """
    Ask BuildKit about each build, a few at a time.

    Args:
        specs: What is built.
        lint: Asks about one; raises BackendError where it can't.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - not with --offline

    findings: dict[Finding, None] = {}
    notes: dict[str, None] = {}

    def ask(spec: BuildSpec) -> tuple[LintWarning, ...] | BackendError:
        try:
            return lint(spec)
        except BackendError as error:
            return error

    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(specs))) as pool:
        for spec, answer in zip(specs, pool.map(ask, specs), strict=True):
            if isinstance(answer, BackendError):
                hint = "" if answer.hint is None else f" ({answer.hint})"
                notes[f"BuildKit's own checks are left out: {answer.message}{hint}"] = None
                continue
            findings.update((_finding(warning, spec), None) for warning in answer)
    return Linted(findings=tuple(findings), notes=tuple(notes))


def _finding(warning: LintWarning, spec: BuildSpec) -> Finding:
    refused = not warning.rule
    return Finding(
        rule=warning.rule or REFUSED,
        severity=Severity.ERROR if refused else Severity.WARNING,
        path=spec.dockerfile_shown,
        line=warning.line,
        end_line=warning.end_line,
        message=warning.message,
        hint="",
        page=warning.url or f"{PAGE}#{REFUSED}",
    )
