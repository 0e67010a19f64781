"""What people decided to live with, and that they are told when it is no longer needed."""

from __future__ import annotations

import pytest

from stagebuild.checks import Severity
from stagebuild.errors import ConfigError
from tests.checks.pages import check, rules_in

ROOT = 'FROM alpine:3.20 AS prod\nCMD ["x"]\n'


def test_a_comment_above_an_instruction_puts_a_rule_aside_with_its_reason() -> None:
    report = check(f"# stagebuild: ignore=runs-as-root it drops to nobody by itself\n{ROOT}")
    assert "runs-as-root" not in rules_in(report)
    assert [(each.finding.rule, each.reason) for each in report.ignored] == [
        ("runs-as-root", "it drops to nobody by itself")
    ]


def test_one_comment_can_name_several_rules() -> None:
    text = "# stagebuild: ignore=runs-as-root,base-without-digest local use\n"
    assert rules_in(check(text + ROOT)) == set()


def test_a_comment_counts_for_its_instruction_alone() -> None:
    text = "FROM alpine AS a\n# stagebuild: ignore=floating-base known\nFROM alpine AS prod\n"
    report = check(text)
    assert [each.line for each in report.findings if each.rule == "floating-base"] == [1]


def test_a_comment_between_continuations_counts_for_the_instruction_around_it() -> None:
    text = (
        "FROM alpine:3.20 AS prod\nRUN apk add \\\n"
        "# stagebuild: ignore=build-tools compiles plug-ins\n  gcc \\\n  tini\nUSER 1\n"
    )
    assert "build-tools" not in rules_in(check(text))


def test_a_comment_above_other_comments_counts_for_the_instruction_below_all() -> None:
    text = f"# stagebuild: ignore=runs-as-root known\n# What we ship.\n\n{ROOT}"
    assert "runs-as-root" not in rules_in(check(text))


def test_a_comment_for_the_file_counts_wherever_it_stands() -> None:
    text = f"FROM alpine AS a\n{ROOT}# stagebuild: ignore-file=floating-base we test nightly\n"
    assert "floating-base" not in rules_in(check(text))


def test_the_configuration_puts_a_rule_aside_everywhere() -> None:
    toml = '[checks]\nignore = ["runs-as-root"]\n[environments.prod]\n'
    report = check(ROOT, toml)
    assert "runs-as-root" not in rules_in(report)
    assert report.ignored[0].reason == "ignored in the configuration"


def test_a_comment_that_ignores_nothing_is_told() -> None:
    report = check(f"# stagebuild: ignore=build-image old\n{ROOT}")
    (finding,) = (each for each in report.findings if each.rule == "useless-ignore")
    assert (finding.line, finding.severity) == (1, Severity.WARNING)


def test_a_comment_with_an_unknown_rule_names_the_nearest_one() -> None:
    report = check(f"# stagebuild: ignore=run-as-root\n{ROOT}")
    (finding,) = (each for each in report.findings if each.rule == "useless-ignore")
    assert 'did you mean "runs-as-root"?' in finding.message


def test_a_comment_about_buildkits_rules_is_not_called_useless_where_it_was_not_asked() -> None:
    assert "useless-ignore" not in rules_in(check(f"# stagebuild: ignore=StageNameCasing\n{ROOT}"))


def test_an_unknown_rule_in_the_configuration_is_an_error_with_its_line() -> None:
    toml = '[checks]\nignore = ["runs-as-rot"]\n[environments.prod]\n'
    with pytest.raises(ConfigError, match=r'stagebuild.toml:2: .*did you mean "runs-as-root"\?'):
        check(ROOT, toml)


def test_what_buildkit_refuses_can_not_be_put_aside_by_accident() -> None:
    report = check("FROM alpine:3.20 AS prod\nCOPY --from=7 /a /b\n")
    assert rules_in(report) == {"refused"}
