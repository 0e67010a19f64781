"""Every rule finds its bad example, and nothing in the good one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stagebuild.checks import RULES, Severity
from stagebuild.checks.registry import RULE_IDS
from tests.checks.pages import Example, check_example, pairs_of, rules_in

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"
MORE = Path(__file__).parent / "pairs.md"
DOCUMENTED = list(pairs_of(PAGE.read_text()))
PAIRS = [*DOCUMENTED, *pairs_of(MORE.read_text())]
IDS = [f"{rule}-{number}" for number, (rule, _, _) in enumerate(PAIRS)]


@pytest.mark.parametrize(("rule", "bad", "good"), PAIRS, ids=IDS)
def test_the_rule_finds_the_bad_example(rule: str, bad: Example, good: Example) -> None:
    del good
    assert rule in rules_in(check_example(bad))


@pytest.mark.parametrize(("rule", "bad", "good"), PAIRS, ids=IDS)
def test_the_rule_finds_nothing_in_the_good_example(rule: str, bad: Example, good: Example) -> None:
    del bad
    report = check_example(good)
    assert rule not in rules_in(report)
    assert report.count(Severity.ERROR) == 0


def test_every_rule_has_a_pair_in_the_reference() -> None:
    assert {rule for rule, _, _ in DOCUMENTED} == {rule.id for rule in RULES}


def test_there_are_at_least_sixty_pairs() -> None:
    assert len(PAIRS) >= 60


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_a_rule_is_told_in_the_reference_as_it_is(rule: object) -> None:
    assert isinstance(rule, tuple)
    identifier, severity, summary, _ = rule
    assert f"### {identifier}\n\n*{severity}*: {summary}\n" in PAGE.read_text()


def test_the_reference_has_no_other_sections() -> None:
    assert set(re.findall(r"^### (\S+)$", PAGE.read_text(), re.MULTILINE)) == RULE_IDS
