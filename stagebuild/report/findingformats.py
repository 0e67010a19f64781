"""Findings for programs: our own JSON, SARIF 2.1.0, and GitHub's annotations. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import CheckReport, Finding, Severity
from stagebuild.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stagebuild.checks.rule import Rule

VERSION = 1

Json = dict[str, object]

_SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITHUB_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def findings_document(report: CheckReport, *, failed: bool) -> Json:
    """Return what ``check --json`` prints; ``ok`` is whether the exit code is 0."""
    return {
        "version": VERSION,
        "ok": not failed,
        "findings": [_plain(finding) for finding in report.findings],
        "ignored": [{**_plain(each.finding), "reason": each.reason} for each in report.ignored],
        "notes": list(report.notes),
    }


def sarif(report: CheckReport, rules: Iterable[Rule]) -> Json:
    """
    Return the report as SARIF 2.1.0, as GitHub's code scanning and editors read it.

    What was ignored is in it as suppressed, so that a platform shows it closed.

    Source: OASIS SARIF 2.1.0; docs.github.com, "SARIF support for code scanning".
    """
    described = {rule.id: rule for rule in rules}
    findings = [*report.findings, *(each.finding for each in report.ignored)]
    ids = list(dict.fromkeys(finding.rule for finding in findings))
    results = [_sarif_result(finding, ids) for finding in report.findings]
    for each in report.ignored:
        suppression = {"kind": "inSource", "justification": each.reason or "no reason given"}
        results.append({**_sarif_result(each.finding, ids), "suppressions": [suppression]})
    pages = {finding.rule: finding.page for finding in findings}
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "stagebuild",
                        "version": __version__,
                        "rules": [_sarif_rule(id_, described.get(id_), pages[id_]) for id_ in ids],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def github_annotations(report: CheckReport) -> str:
    """
    Return a workflow command a line for each finding.

    Source: docs.github.com, "Workflow commands": properties escape ``%``, line ends, ``:`` and
    ``,``; messages the first two.
    """
    return "".join(f"{_annotation(finding)}\n" for finding in report.findings)


def _plain(finding: Finding) -> Json:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "path": finding.path,
        "line": finding.line,
        "end_line": finding.end_line,
        "message": finding.message,
        "hint": finding.hint or None,
        "page": finding.page,
        "key": finding.key,
    }


def _sarif_rule(id_: str, rule: Rule | None, page: str) -> Json:
    described: Json = {"id": id_}
    if rule is not None:
        described["shortDescription"] = {"text": _sentence(rule.summary)}
        described["defaultConfiguration"] = {"level": _SARIF_LEVELS[rule.severity]}
    if page.startswith("https://"):
        described["helpUri"] = page
    described["help"] = {"text": f"See {page}"}
    return described


def _sarif_result(finding: Finding, ids: list[str]) -> Json:
    text = _sentence(finding.message)
    if finding.hint:
        text = f"{text} {_sentence(finding.hint)}"
    location: Json = {"artifactLocation": {"uri": _uri(finding.path)}}
    if finding.line is not None:
        region = {"startLine": finding.line, "endLine": finding.end_line or finding.line}
        location["region"] = region
    return {
        "ruleId": finding.rule,
        "ruleIndex": ids.index(finding.rule),
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


def _sentence(text: str) -> str:
    """Return a text as a sentence: GitHub shows the first one as the title."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?')) else '.'}"


def _uri(path: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - SARIF only

    return quote(path.removeprefix("./"))


def _annotation(finding: Finding) -> str:
    properties = {"file": finding.path, "title": f"stagebuild {finding.rule}"}
    if finding.line is not None:
        properties["line"] = str(finding.line)
        properties["endLine"] = str(finding.end_line or finding.line)
    told = ",".join(f"{name}={_escaped(text)}" for name, text in properties.items())
    message = finding.message + (f"\nhint: {finding.hint}" if finding.hint else "")
    return f"::{_GITHUB_COMMANDS[finding.severity]} {told}::{_escaped_message(message)}"


def _escaped_message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped(text: str) -> str:
    return _escaped_message(text).replace(":", "%3A").replace(",", "%2C")
