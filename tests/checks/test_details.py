"""What rules say besides that something is there: severity, place, and what to do."""

from __future__ import annotations

from stagebuild.checks import Finding, Severity
from tests.checks.pages import check

TESTED = "FROM alpine:3.20 AS base\nFROM base AS test\nRUN pytest\nFROM base AS prod\nUSER 1\n"


def found(rule: str, dockerfile: str, toml: str | None = None) -> list[Finding]:
    return [finding for finding in check(dockerfile, toml).findings if finding.rule == rule]


def test_a_whole_stage_is_an_error_only_where_it_is_shipped() -> None:
    build = "FROM alpine:3.20 AS a\nRUN x\n"
    (shipped,) = found(
        "copies-whole-stage", f"{build}FROM alpine:3.20 AS prod\nCOPY --from=a / /\n"
    )
    (inside,) = found(
        "copies-whole-stage",
        f"{build}FROM alpine:3.20 AS b\nCOPY --from=a / /\n"
        "FROM alpine:3.20 AS prod\nCOPY --from=b /x /x\n",
    )
    (scratch,) = found("copies-whole-stage", f"{build}FROM scratch AS prod\nCOPY --from=a / /\n")
    severities = [shipped.severity, inside.severity, scratch.severity]
    assert severities == [Severity.ERROR, Severity.WARNING, Severity.WARNING]


def test_a_secret_in_the_configuration_points_at_its_line() -> None:
    toml = '[environments.prod]\nbuild-args = { LEVEL = "1", NPM_TOKEN = "x" }\n'
    (finding,) = found("secret-in-arg", "FROM alpine:3.20 AS prod\nARG LEVEL\n", toml)
    assert (finding.path, finding.line) == ("stagebuild.toml", 2)
    assert finding.key == "environments.prod.build-args.NPM_TOKEN"


def test_a_copy_by_number_offers_the_name_that_the_stage_has() -> None:
    (named,) = found("copies-by-number", "FROM a:1 AS deps\nFROM b:1\nCOPY --from=0 /a /a\n")
    (unnamed,) = found("copies-by-number", "FROM a:1\nFROM b:1\nCOPY --from=0 /a /a\n")
    assert named.hint == "write --from=deps"
    assert unnamed.hint == "write --from=builder, and AS builder in line 1"


def test_tests_that_can_be_built_are_no_more_than_an_info_without_a_configuration() -> None:
    (info,) = found("tests-not-required", TESTED)
    (warning,) = found("tests-not-required", TESTED, "[environments.test]\n[environments.prod]\n")
    assert (info.severity, warning.severity) == (Severity.INFO, Severity.WARNING)
    assert 'requires = ["test"] in [environments.prod]' in warning.hint


def test_tests_that_no_environment_builds_never_run_and_are_a_warning() -> None:
    (finding,) = found("tests-not-required", TESTED, "[environments.prod]\n")
    assert finding.severity is Severity.WARNING


def test_each_environment_that_tests_is_told_though_one_contains_the_other() -> None:
    text = (
        "FROM alpine:3.20 AS lint\nRUN ruff check\nFROM lint AS test\nRUN pytest\n"
        "FROM alpine:3.20 AS prod\n"
    )
    toml = "[environments.lint]\n[environments.test]\n[environments.prod]\n"
    assert [finding.line for finding in found("tests-not-required", text, toml)] == [1, 3]


def test_a_later_stage_is_told_with_where_to_move_it_and_what_may_be_meant() -> None:
    text = (
        "FROM a:1 AS builder\nFROM b:1 AS prod\nCOPY --from=builder2 /a /a\nFROM c:1 AS builder2\n"
    )
    (finding,) = found("later-stage", text)
    assert "in line 4" in finding.message
    assert finding.hint == 'move "builder2" above line 2, or did you mean "builder"?'


def test_what_is_inherited_is_told_with_the_stage_it_comes_from() -> None:
    text = "FROM alpine:3.20 AS base\nRUN apk add gcc\nFROM base AS prod\n"
    (finding,) = found("build-tools", text)
    assert (finding.line, 'from the stage "base"' in finding.message) == (2, True)


def test_a_finding_covers_all_lines_of_its_instruction() -> None:
    (finding,) = found(
        "build-tools", "FROM alpine:3.20 AS prod\nRUN apk add \\\n  gcc \\\n  make\n"
    )
    assert (finding.line, finding.end_line) == (2, 4)


def test_a_secret_arg_that_an_env_keeps_is_told_once() -> None:
    text = "FROM alpine:3.20 AS prod\nARG API_TOKEN\nENV API_TOKEN=$API_TOKEN\n"
    assert [finding.line for finding in found("secret-in-arg", text)] == [2]


def test_an_image_without_a_name_is_called_the_image() -> None:
    (finding,) = found("runs-as-root", "FROM alpine:3.20\n")
    assert finding.message == "the image sets no user, and so runs as root"


def test_a_named_context_that_pins_an_image_is_not_called_floating() -> None:
    toml = '[environments.prod]\ncontexts = { alpine = "docker-image://alpine:3.20" }\n'
    assert found("floating-base", "FROM alpine AS prod\n", toml) == []


def test_an_arg_that_onbuild_declares_is_no_finding_of_the_stage_that_it_comes_into() -> None:
    text = "FROM alpine:3.20 AS base\nONBUILD ARG GIT_SHA\nFROM base AS prod\nRUN make\nUSER 1\n"
    assert found("unused-arg", text) == found("early-arg", text) == []


def test_a_base_that_asks_for_the_target_is_resolved_for_each() -> None:
    text = (
        "FROM alpine:3.20 AS base-dev\nFROM alpine:3.20 AS base-prod\nRUN apk add gcc\n"
        "FROM base-${TARGETSTAGE} AS dev\nFROM base-${TARGETSTAGE} AS prod\n"
    )
    toml = "[environments.dev]\n[environments.prod]\n"
    assert found("unreachable-stage", text, toml) == []
    assert [finding.line for finding in found("build-tools", text, toml)] == [3]
