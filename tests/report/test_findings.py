"""Findings as people and programs read them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stagebuild.checks import RULES, CheckReport, Finding, Ignored, Severity
from stagebuild.report.findingformats import Json, findings_document, github_annotations, sarif
from stagebuild.report.findings import findings_text
from stagebuild.report.look import Look

SARIF_SCHEMA = (
    Path(__file__).parents[2]
    / ".browser/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
)
DOCKERFILE = "FROM alpine AS prod\nRUN one \\\n  two \\\n  three\nCMD x\n"


def finding(**changes: Any) -> Finding:
    told: dict[str, Any] = {
        "rule": "floating-base",
        "severity": Severity.WARNING,
        "path": "docker/Dockerfile",
        "line": 1,
        "end_line": 1,
        "message": "alpine has no tag",
        "hint": "name a version",
        "page": "docs/reference/rules.md#floating-base",
    }
    return Finding(**(told | changes))


def report(*findings: Finding, **changes: Any) -> CheckReport:
    given: dict[str, Any] = {
        "findings": findings,
        "ignored": (),
        "notes": (),
        "texts": {"docker/Dockerfile": DOCKERFILE},
    }
    return CheckReport(**(given | changes))


def text_of(found: CheckReport, **options: Any) -> str:
    return findings_text(found, look=Look(width=60), **options)


def test_a_finding_shows_its_place_its_lines_and_what_to_do() -> None:
    assert text_of(report(finding())) == (
        "warning: docker/Dockerfile:1: alpine has no tag [floating-base]\n"
        "  > 1 │ FROM alpine AS prod\n"
        "    2 │ RUN one \\\n"
        "hint: name a version\n"
        "\n"
        "✓ 1 warning"
    )


def test_every_line_of_an_instruction_is_marked() -> None:
    shown = text_of(report(finding(line=2, end_line=4)))
    assert re.findall(r"^  > (\d)", shown, re.MULTILINE) == ["2", "3", "4"]


def test_a_finding_about_the_file_as_a_whole_has_no_line() -> None:
    shown = text_of(report(finding(line=None, end_line=None)))
    assert shown.startswith("warning: docker/Dockerfile: alpine has no tag")


def test_a_finding_in_a_file_that_can_not_be_read_has_no_lines() -> None:
    assert "│" not in text_of(report(finding(), texts={}))


def test_what_matters_less_is_counted_and_not_shown() -> None:
    found = report(finding(), finding(severity=Severity.INFO, message="quiet"))
    shown = text_of(found, least=Severity.WARNING)
    assert "quiet" not in shown
    assert shown.endswith("✓ 1 warning, 1 info · 1 not shown")


def test_what_was_ignored_is_counted() -> None:
    found = report(ignored=(Ignored(finding=finding(), reason="known"),))
    assert text_of(found) == "✓ nothing found · 1 ignored"


def test_what_could_not_be_checked_is_told() -> None:
    assert text_of(report(notes=("no engine",))) == "note: no engine\n\n✓ nothing found"


def test_an_escape_sequence_in_a_dockerfile_reaches_no_terminal() -> None:
    shown = text_of(report(finding(), texts={"docker/Dockerfile": "FROM \x1b]0;x\x07alpine\n"}))
    assert "\x1b" not in shown


def test_the_json_document_says_all() -> None:
    found = report(finding(), ignored=(Ignored(finding=finding(line=5), reason="known"),))
    document: Any = findings_document(found, failed=False)
    assert document["version"] == 1
    assert document["ok"] is True
    assert document["findings"] == [
        {
            "rule": "floating-base",
            "severity": "warning",
            "path": "docker/Dockerfile",
            "line": 1,
            "end_line": 1,
            "message": "alpine has no tag",
            "hint": "name a version",
            "page": "docs/reference/rules.md#floating-base",
            "key": None,
        }
    ]
    assert document["ignored"][0]["reason"] == "known"


def test_sarif_points_at_lines_and_rules() -> None:
    found = report(finding(line=2, end_line=4), finding(rule="StageNameCasing", page="https://x"))
    document: Any = sarif(found, RULES)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["floating-base", "StageNameCasing"]
    assert rules[1]["helpUri"] == "https://x"
    first, second = run["results"]
    assert (first["level"], first["ruleIndex"], second["ruleIndex"]) == ("warning", 0, 1)
    assert first["message"]["text"] == "Alpine has no tag. Name a version."
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "docker/Dockerfile"
    assert place["region"] == {"startLine": 2, "endLine": 4}


def test_sarif_keeps_what_was_ignored_as_suppressed() -> None:
    found = report(ignored=(Ignored(finding=finding(), reason="known"),))
    document: Any = sarif(found, RULES)
    (result,) = document["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "inSource", "justification": "known"}]


@pytest.mark.parametrize(
    ("severity", "level"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")],
)
def test_sarif_has_a_level_for_every_severity(severity: Severity, level: str) -> None:
    document: Any = sarif(report(finding(severity=severity)), RULES)
    assert document["runs"][0]["results"][0]["level"] == level


def sarif_of_everything() -> Json:
    """Return every rule's finding in every form, BuildKit's own and ignored ones besides."""
    found = [finding(rule=rule.id, severity=rule.severity, page=f"p#{rule.id}") for rule in RULES]
    found += [
        finding(rule="StageNameCasing", page="https://docs.docker.com/x", line=2, end_line=4),
        finding(path="stagebuild.toml", line=None, end_line=None, key="environments.prod", hint=""),
        finding(path="./a b/ä#1", message='"ends" with a question?'),
    ]
    ignored = [Ignored(finding=finding(), reason=reason) for reason in ("known", "")]
    return sarif(report(*found, ignored=tuple(ignored)), RULES)


@pytest.mark.browser
def test_sarif_is_valid_by_its_schema() -> None:
    if not SARIF_SCHEMA.exists() and not os.environ.get("CI"):
        pytest.skip("`make browser` fetches the schema")
    schema = json.loads(SARIF_SCHEMA.read_text())
    validator = jsonschema.Draft4Validator(schema)
    assert [each.message for each in validator.iter_errors(sarif_of_everything())] == []
    del schema["definitions"]["result"]["properties"]["suppressions"]
    assert len(list(validator.iter_errors(sarif_of_everything()))) == 2  # it is strict


def test_an_odd_path_is_a_uri_in_sarif() -> None:
    document: Any = sarif(report(finding(path="./a b/Dockerfile#1")), RULES)
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/Dockerfile%231"


def test_an_annotation_is_one_line_with_its_properties_escaped() -> None:
    told = github_annotations(report(finding(path="a,b:c", message="50% more\nof it")))
    assert told == (
        "::warning file=a%2Cb%3Ac,title=stagebuild floating-base,line=1,endLine=1"
        "::50%25 more%0Aof it%0Ahint: name a version\n"
    )
