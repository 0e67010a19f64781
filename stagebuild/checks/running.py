"""Rules over subjects -> a report: what counts, and what was put aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import CheckReport, Finding, Ignored, Severity
from stagebuild.checks.registry import RULE_IDS, RULES, USELESS_IGNORE
from stagebuild.checks.rule import PAGE
from stagebuild.checks.suppressing import covering, suppressions
from stagebuild.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stagebuild.checks.rule import Rule
    from stagebuild.checks.subject import Subject
    from stagebuild.checks.suppressing import Suppression
    from stagebuild.model import Project

# Where BuildKit's check and one of ours say the same of a line, ours is told.
_SAME = {
    "SecretsUsedInArgOrEnv": "secret-in-arg",
    "JSONArgsRecommended": "shell-form",
    "UndefinedVar": "global-arg",
}


def findings_of(subject: Subject, rules: Iterable[Rule] = RULES) -> Iterator[Finding]:
    """Yield what the rules find in a subject, each thing once."""
    seen: set[tuple[object, ...]] = set()
    for rule in rules:
        for hit in rule.check(subject):
            path = hit.path or subject.path
            identity = (rule.id, path, hit.line, hit.key, hit.about)
            if identity in seen:
                continue
            seen.add(identity)
            yield Finding(
                rule=rule.id,
                severity=hit.severity or rule.severity,
                path=path,
                line=hit.line,
                end_line=hit.end_line or hit.line,
                message=hit.message,
                hint=hit.hint,
                page=rule.page,
                key=hit.key,
            )


def report_of(
    project: Project,
    subjects: Sequence[Subject],
    findings: Iterable[Finding],
    *,
    notes: Sequence[str] = (),
    texts: Mapping[str, str],
    knows_buildkit: bool = False,
) -> CheckReport:
    """
    Return the findings that count, sorted, and those that were put aside.

    Args:
        project: Whose configuration puts rules aside.
        subjects: Whose comments do.
        findings: All that was found, BuildKit's too.
        notes: What could not be checked.
        texts: Files by the path that findings have.
        knows_buildkit: Whether BuildKit's checks are among the findings; without them a comment
            about one of those can't be called useless.

    Raises:
        ConfigError: The configuration puts a rule aside that there is not.
    """
    _check_ignored_rules(project)
    given = {subject.path: suppressions(subject.text, subject.tree) for subject in subjects}
    kept: list[Finding] = []
    ignored: list[Ignored] = []
    used: set[tuple[str, Suppression]] = set()
    for finding in _without_same(findings):
        by = covering(finding, given.get(finding.path, ()))
        if by is not None:
            used.add((finding.path, by))
            ignored.append(Ignored(finding=finding, reason=by.reason))
        elif finding.rule in project.checks.ignore:
            ignored.append(Ignored(finding=finding, reason="ignored in the configuration"))
        else:
            kept.append(finding)
    for path, each in given.items():
        for suppression in each:
            if (path, suppression) not in used:
                kept += _useless(path, suppression, knows_buildkit=knows_buildkit)
    return CheckReport(
        findings=tuple(sorted(kept, key=_place)),
        ignored=tuple(sorted(ignored, key=lambda each: _place(each.finding))),
        notes=tuple(notes),
        texts=dict(texts),
    )


def _place(finding: Finding) -> tuple[object, ...]:
    return (finding.path, finding.line or 0, finding.severity.rank, finding.rule, finding.message)


def _without_same(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings, each once, and not twice in different words."""
    every = tuple(dict.fromkeys(findings))
    told = {(finding.rule, finding.path, finding.line) for finding in every}
    for finding in every:
        ours = _SAME.get(finding.rule)
        if ours is None or (ours, finding.path, finding.line) not in told:
            yield finding


def _useless(path: str, suppression: Suppression, *, knows_buildkit: bool) -> Iterator[Finding]:
    rule = suppression.rule
    is_ours = rule == rule.lower()
    if is_ours and rule not in RULE_IDS:
        message = f'no rule is called "{rule}"{did_you_mean(rule, RULE_IDS)}'
    elif is_ours or knows_buildkit:
        message = f"{rule} finds nothing here: there is nothing to ignore"
    else:
        return
    yield Finding(
        rule=USELESS_IGNORE,
        severity=Severity.WARNING,
        path=path,
        line=suppression.line,
        end_line=suppression.line,
        message=message,
        hint="remove the comment",
        page=f"{PAGE}#{USELESS_IGNORE}",
    )


def _check_ignored_rules(project: Project) -> None:
    for index, rule in enumerate(project.checks.ignore):
        if rule == rule.lower() and rule not in RULE_IDS:
            key = f"checks.ignore[{index}]"
            origin = project.origin
            raise ConfigError(
                f'no rule "{rule}"{did_you_mean(rule, RULE_IDS)}',
                path=None if origin is None else origin.path,
                line=None if origin is None else origin.line(key),
                key=key,
            )
