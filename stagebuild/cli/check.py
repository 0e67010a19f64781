"""``stagebuild check``: what the rules find, and BuildKit's own."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from stagebuild.checks import RULES, CheckReport, Severity, check_project
from stagebuild.checks.looking import look_at_context
from stagebuild.cli.exitcodes import ExitCode
from stagebuild.config import load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from stagebuild.checks.buildkit import Linted
    from stagebuild.planning import BuildSpec


def check(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the check verb's options say and return the exit code."""
    del stderr
    if options.rules:
        return _list_rules(stdout)
    project = load(options.file)
    report = check_project(
        project,
        options.environments,
        look=look_at_context,
        lint=None if options.offline else _linter(environ),
    )
    failed = bool(report.count(Severity.ERROR))
    if options.strict:
        failed = failed or bool(report.count(Severity.WARNING))
    stdout.write(_shown(report, options, environ, stdout, failed=failed))
    return ExitCode.BUILD_FAILED if failed else ExitCode.OK


def _linter(environ: Mapping[str, str]) -> Callable[[Sequence[BuildSpec]], Linted]:
    def lint(specs: Sequence[BuildSpec]) -> Linted:
        # ruff: noqa: PLC0415 - not with --offline
        from stagebuild.backends.buildx import BuildxBackend
        from stagebuild.checks.buildkit import lint_all

        return lint_all(specs, BuildxBackend(environ=environ).lint)

    return lint


def _shown(
    report: CheckReport,
    options: argparse.Namespace,
    environ: Mapping[str, str],
    stdout: TextIO,
    *,
    failed: bool,
) -> str:
    # ruff: noqa: PLC0415 - one of them is asked for
    if options.format == "text":
        from stagebuild.report.findings import findings_text
        from stagebuild.report.look import Look
        from stagebuild.sinks.choice import ProgressMode, choose_progress

        choice = choose_progress(ProgressMode.PLAIN, stdout, environ)
        width = shutil.get_terminal_size((100, 24)).columns
        look = Look(width=width, color=choice.color, glyphs=choice.glyphs)
        return findings_text(report, least=Severity(options.severity), look=look) + "\n"
    from stagebuild.report import findingformats

    match options.format:
        case "json":
            document = findingformats.findings_document(report, failed=failed)
        case "sarif":
            document = findingformats.sarif(report, RULES)
        case _:
            return findingformats.github_annotations(report)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _list_rules(stdout: TextIO) -> int:
    cells = max(len(rule.id) for rule in RULES)
    stdout.writelines(f"{rule.id:<{cells}}  {rule.severity:<7}  {rule.summary}\n" for rule in RULES)
    return ExitCode.OK
