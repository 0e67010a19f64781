from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import ConfigError
from stagebuild.model import Project
from stagebuild.planning import GitFacts, GitUnavailable, Overrides

if TYPE_CHECKING:
    from tests.planning.conftest import World

NAMED = '[project]\nname = "shop"\nrepository = "r.example/shop"\n'


def value(world: World, text: str, *, top: str = "", given: dict[str, str] | None = None) -> str:
    """Return what ``text`` becomes as a build arg of ``prod``."""
    config = f"{top}\n[environments.prod]\nbuild-args.X = '''{text}'''\n"
    plan = world.plan(config, "prod", overrides=Overrides(variables=given or {}))
    return plan["prod"].build_args["X"]


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${environment}", "prod"),
        ("${target}", "prod"),
        ("${project}", "shop"),
        ("${repository}:x", "r.example/shop:x"),
        ("${git.sha}", "0123456789abcdef0123456789abcdef01234567"),
        ("${git.short-sha}${git.dirty}", "0123456-dirty"),
        ("${git.branch} ${git.tag} ${git.describe}", "main v1.2 v1.2"),
        (
            "${date.iso} ${date.compact} ${date.day}",
            "2026-08-12T09:30:00Z 20260812093000 2026-08-12",
        ),
        ("${env.HOME:-none}", "none"),
    ],
)
def test_built_in_variables_have_their_values(world: World, text: str, expanded: str) -> None:
    assert value(world, text, top=NAMED) == expanded


def test_a_project_without_a_name_is_called_like_its_folder(world: World) -> None:
    assert value(world, "${project}") == "shop"


def test_git_is_asked_once_and_only_if_a_variable_needs_it(world: World) -> None:
    config = "[environments.dev]\n[environments.prod]\n"
    world.plan(config, "dev", "prod")
    assert world.asked_git == 0
    config = '[environments.dev]\nlabels.a = "${git.sha}"\n[environments.prod]\ninherits = "dev"'
    world.plan(config, "dev", "prod")
    assert world.asked_git == 1


def test_without_git_the_default_counts_and_its_absence_is_explained(world: World) -> None:
    world.git = GitUnavailable("/shop is not in a git checkout")
    assert value(world, "${git.short-sha:-dev}") == "dev"
    with pytest.raises(ConfigError, match=r"\$\{git.sha\} has no value: /shop is not in a git"):
        value(world, "${git.sha}")


def test_a_detached_head_has_no_branch_and_an_untagged_commit_no_tag(world: World) -> None:
    assert isinstance(world.git, GitFacts)
    world.git = world.git._replace(branch=None, tag=None, dirty=False)
    assert value(world, "${git.branch:-b} ${git.tag:-t} ${git.dirty}") == "b t "
    with pytest.raises(ConfigError, match="HEAD is detached"):
        value(world, "${git.branch}")


def test_variables_may_refer_to_variables(world: World) -> None:
    top = '[variables]\nA = "${B}!"\nB = "${C:-c}${environment}"\nC = ""\n'
    assert value(world, "${A}", top=top) == "cprod!"


def test_the_command_line_wins_over_the_environment_over_the_file(world: World) -> None:
    top = '[variables]\nA = "file"\n'
    assert value(world, "${A}", top=top) == "file"
    world.environ["A"] = "environ"
    assert value(world, "${A}", top=top) == "environ"
    assert value(world, "${A}", top=top, given={"A": "given"}) == "given"


def test_values_from_outside_are_literal(world: World) -> None:
    top = '[variables]\nA = "file"\nB = "b"\n'
    assert value(world, "${A}", top=top, given={"A": "${B} $$"}) == "${B} $$"
    world.environ["A"] = "$$"
    assert value(world, "${A}", top=top) == "$$"


def test_a_variable_of_the_process_environment_counts_only_if_declared(world: World) -> None:
    world.environ["UNDECLARED"] = "x"
    error = world.refusal("[environments.prod]\ntags = 'a:${UNDECLARED}'", "prod")
    assert "no variable" in error.message
    assert error.hint is not None
    assert "${env.UNDECLARED}" in error.hint
    assert value(world, "${env.UNDECLARED}") == "x"


def test_an_unset_variable_of_the_process_environment_is_named(world: World) -> None:
    error = world.refusal("[environments.prod]\ntags = ['a',\n'b:${env.TAG}']", "prod")
    assert (error.line, error.key) == (3, "environments.prod.tags[1]")
    assert "the environment variable TAG is not set" in error.message


def test_an_unknown_variable_is_an_error_with_the_nearest_name(world: World) -> None:
    error = world.refusal(
        "[variables]\nPYTHON = '3'\n[environments.prod]\nbuild-args.A = '${PYTHNO}'\n", "prod"
    )
    assert (error.path, error.line) == ("stagebuild.toml", 4)
    assert error.key == "environments.prod.build-args.A"
    assert error.message == 'no variable "PYTHNO"; did you mean "PYTHON"?'


def test_an_error_in_a_variable_points_at_the_variable(world: World) -> None:
    error = world.refusal(
        "[variables]\nA = '${B}'\nB = '${git.sah}'\n[environments.prod]\ntags = '${A}'\n", "prod"
    )
    assert (error.line, error.key) == (3, "variables.B")
    assert 'did you mean "git.sha"?' in error.message


def test_a_circle_of_variables_is_shown_even_if_nothing_uses_it(world: World) -> None:
    error = world.refusal(
        "[variables]\nA = '${B}'\nB = '${C:-x}'\nC = '${A}'\n[environments.prod]\n", "prod"
    )
    assert error.key == "variables.A"
    assert error.line == 2
    assert error.message == "the variable needs itself: A -> B -> C -> A"


def test_a_circle_through_the_repository_is_shown(world: World) -> None:
    error = world.refusal(
        "[project]\nrepository = 'r/${V}'\n[variables]\nV = '${repository}'\n[environments.prod]\n",
        "prod",
    )
    assert "the variable needs itself" in error.message
    assert (error.path, error.line is not None) == ("stagebuild.toml", True)


def test_the_target_can_not_be_found_with_itself(world: World) -> None:
    error = world.refusal("[environments.prod]\ntarget = '${target}'", "prod")
    assert error.key == "environments.prod.target"
    assert world.prod("target = '${target:-test}'").target == "test"


def test_variables_may_stand_wherever_text_does(world: World) -> None:
    world.files["/shop/secrets/x"] = ""
    world.files["/shop/v/f"] = ""
    spec = world.prod(
        """
        target = "${V2}"
        labels.a = "${V}"
        annotations.a = "${V}"
        platforms = "linux/${ARCH}"
        cache-from = "type=gha,scope=${V}"
        cache-to = { type = "local", dest = "c/${V}" }
        secrets.a.file = "secrets/${V}"
        output = { type = "local", dest = "${V}", x = "${V}" }
        attestations.sbom.generator = "${V}"
        network = "${NET}"
        extra-hosts.h = "${V}"
        shm-size = "${SIZE}m"
        contexts.c = "docker-image://${V}"
        contexts.d = "v"
        no-cache-filter = "${V2}"
        builder = "${V}"
        """,
        top="[variables]\nV = 'x'\nV2 = 'test'\nARCH = 'arm64'\nNET = 'none'\nSIZE = 2\n",
    )
    assert (spec.target, spec.labels, spec.annotations) == ("test", {"a": "x"}, {"a": "x"})
    assert [str(platform) for platform in spec.platforms] == ["linux/arm64"]
    assert spec.cache_from[0].attributes == {"scope": "x"}
    assert spec.cache_to[0].attributes == {"dest": "/shop/c/x"}
    assert spec.secrets["a"].file == "/shop/secrets/x"
    assert (spec.outputs[0].dest, spec.outputs[0].attributes) == ("/shop/x", {"x": "x"})
    assert spec.attestations[0].attributes == {"generator": "x"}
    assert (spec.network, spec.extra_hosts, spec.shm_size_bytes) == ("none", {"h": "x"}, 2 << 20)
    assert spec.contexts == {"c": "docker-image://x", "d": "/shop/v"}
    assert (spec.no_cache_filter, spec.builder) == (("test",), "x")


def test_a_variable_given_but_not_declared_is_an_error(world: World) -> None:
    config = "[variables]\nPYTHON = '3'\n[environments.prod]\n"
    error = world.refusal(config, "prod", overrides=Overrides(variables={"PYTHN": "4"}))
    assert (error.path, error.key) == (None, "variables.PYTHN")
    assert 'did you mean "PYTHON"?' in error.message


def test_a_project_made_in_python_may_not_name_a_variable_like_a_built_in(world: World) -> None:
    project = Project(root=Path("/shop"), variables={"target": "x"}, environments={})
    error = world.refusal(project, "prod")
    assert (error.path, error.line, error.key) == (None, None, "variables.target")
