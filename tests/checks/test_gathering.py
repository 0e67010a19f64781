"""Which Dockerfiles are looked at, for which targets, and what counts as shipped."""

from __future__ import annotations

import pytest

from stagebuild.checks import Severity
from stagebuild.errors import ConfigError, UnknownEnvironment
from tests.checks.pages import Example, check, check_example, rules_in

TWO = "FROM alpine:3.20 AS {0}\nFROM alpine:3.20 AS {1}\n"


def shipped(dockerfile: str, toml: str | None = None) -> list[int | None]:
    """Return the lines of the stages that are taken for shipped: none of them has a user."""
    report = check(dockerfile, toml)
    return [finding.line for finding in report.findings if finding.rule == "runs-as-root"]


@pytest.mark.parametrize("name", ["prod", "production", "release", "web-prod", "staging", "live"])
def test_a_stage_that_is_called_so_is_shipped(name: str) -> None:
    assert shipped(TWO.format(name, "tools")) == [1]


@pytest.mark.parametrize("name", ["dev", "test", "lint", "prod-debug", "production-test"])
def test_a_last_stage_that_is_called_like_a_tool_is_not_shipped(name: str) -> None:
    assert shipped(TWO.format("app", name)) == []


def test_without_such_a_name_the_last_stage_is_shipped() -> None:
    assert shipped(TWO.format("build", "app")) == [2]


def test_a_runtime_that_other_stages_stand_on_is_no_image_of_its_own() -> None:
    assert shipped("FROM alpine:3.20 AS runtime\nFROM runtime AS prod\nUSER 1\n") == []


def test_an_unnamed_last_stage_is_shipped() -> None:
    assert shipped("FROM alpine:3.20 AS build\nFROM alpine:3.20\n") == [2]


def test_a_file_without_any_name_is_checked() -> None:
    assert shipped("FROM alpine:3.20\n") == [1]


def test_the_configuration_says_what_is_shipped() -> None:
    toml = '[checks]\nproduction = ["app"]\n[environments.app]\n[environments.prod]\n'
    assert shipped(TWO.format("prod", "app"), toml) == [2]


def test_a_group_that_is_shipped_is_its_members() -> None:
    toml = '[checks]\nproduction = ["all"]\n[environments.app]\n[environments.prod]\n'
    toml += '[environments.all]\ngroup = ["app"]\n'
    assert shipped(TWO.format("prod", "app"), toml) == [2]


def test_a_shipped_environment_that_there_is_not_is_an_error_with_its_line() -> None:
    toml = '[checks]\nproduction = ["pord"]\n[environments.prod]\n'
    with pytest.raises(ConfigError, match=r'stagebuild.toml:2: .*did you mean "prod"\?'):
        check("FROM alpine:3.20 AS prod\n", toml)


def test_a_check_needs_no_secret_and_no_variable_of_a_deployment() -> None:
    toml = """
[environments.prod]
tags = ["shop:${git.short-sha}"]
secrets = { pip = { env = "PIP_TOKEN_OF_CI" } }
build-args = { REVISION = { env = "REVISION" } }
"""
    report = check("FROM alpine:3.20 AS prod\nARG REVISION\nLABEL r=$REVISION\nUSER 1\n", toml)
    assert rules_in(report) == {"base-without-digest"}


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(UnknownEnvironment):
        check_example(Example(dockerfile="FROM alpine:3.20 AS prod\n"), "pord")


def test_asked_for_one_environment_what_others_reach_is_not_called_unreachable() -> None:
    text = "FROM alpine:3.20 AS test\nRUN true\nFROM alpine:3.20 AS prod\nUSER 1\n"
    toml = "[environments.prod]\n"
    assert "unbuilt-target" in rules_in(check_example(Example(dockerfile=text, toml=toml)))
    only = check_example(Example(dockerfile=text, toml=toml), "prod")
    assert "unbuilt-target" not in rules_in(only)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM alpine:3.20 AS prod\nRUNN true\n", 2),
        ("FROM alpine:3.20 AS prod\nCOPY --from=prod /a /b\n", 2),
        ("FROM alpine:3.20 AS prod\nEXPOSE ${X?needed}\n", 2),
    ],
)
def test_what_buildkit_refuses_is_one_finding(text: str, line: int) -> None:
    (finding,) = (each for each in check(text).findings if each.severity is Severity.ERROR)
    assert (finding.rule, finding.line, finding.path) == ("refused", line, "Dockerfile")


def test_each_thing_is_told_once_though_two_environments_share_it() -> None:
    toml = '[environments.prod]\n[environments.staging]\ntarget = "prod"\n'
    assert shipped("FROM alpine:3.20 AS prod\n", toml) == [1]


def test_findings_come_in_the_order_of_the_file() -> None:
    text = "FROM alpine AS prod\nARG UNUSED\nENV API_TOKEN=abc\nCMD shop\n"
    lines = [finding.line or 0 for finding in check(text).findings]
    assert lines == sorted(lines)
