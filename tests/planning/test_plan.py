from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import ConfigError, DockerfileError, UnknownEnvironment
from stagebuild.model import Environment, Project
from stagebuild.planning import buildable_names, plan_builds

if TYPE_CHECKING:
    from tests.planning.conftest import World

SHOP = Project(root=Path("/shop"))


def test_without_configuration_every_named_stage_is_an_environment(world: World) -> None:
    plan = world.plan(SHOP, "prod", "base")
    assert [(spec.name, spec.target) for spec in plan.specs] == [
        ("prod", "prod"),
        ("base", "base"),
    ]
    assert buildable_names(SHOP, surroundings=world.surroundings()) == (
        "base",
        "dev",
        "test",
        "prod",
    )


def test_a_stage_that_there_is_not_is_no_environment(world: World) -> None:
    with pytest.raises(UnknownEnvironment) as caught:
        world.plan(SHOP, "prdo")
    assert str(caught.value) == 'Dockerfile: no environment "prdo"; did you mean "prod"?'


def test_an_unknown_environment_names_the_file_and_the_nearest(world: World) -> None:
    with pytest.raises(UnknownEnvironment) as caught:
        world.plan("[environments.prod]\n[environments.stage]\n", "prodd")
    assert caught.value.path == "stagebuild.toml"
    assert caught.value.available == ("prod", "stage")
    assert 'did you mean "prod"?' in str(caught.value)


def test_names_keep_their_order_and_count_once(world: World) -> None:
    plan = world.plan("[environments.prod]\n[environments.dev]\n", "prod", "dev", "prod")
    assert [spec.name for spec in plan.specs] == ["prod", "dev"]


def test_no_name_is_an_error_that_lists_what_there_is(world: World) -> None:
    error = world.refusal("[environments.prod]\n[environments.dev]\n")
    assert error.hint == "there are: prod, dev"


def test_one_text_instead_of_names_is_a_programming_error(world: World) -> None:
    with pytest.raises(TypeError, match=r"\['prod'\]"):
        plan_builds(SHOP, "prod", surroundings=world.surroundings())


def test_an_environment_without_target_builds_the_stage_called_like_it(world: World) -> None:
    assert world.prod().target == "prod"


def test_an_environment_without_target_and_stage_is_abstract(world: World) -> None:
    config = "[environments.prod]\n\n[environments.common]\ntags = 'x'\n"
    error = world.refusal(config, "common")
    assert (error.path, error.line, error.key) == (
        "stagebuild.toml",
        3,
        "environments.common",
    )
    assert '"common" is abstract: it has no target and no stage is called so' in error.message
    project = world.project(config)
    assert buildable_names(project, surroundings=world.surroundings()) == ("prod",)


def test_a_dockerfile_without_stage_names_has_its_last_stage_for_a_target(world: World) -> None:
    world.files["/shop/Dockerfile"] = "FROM scratch\nFROM scratch\n"
    assert world.prod().target is None


def test_an_unknown_target_is_an_error_with_the_nearest_stage(world: World) -> None:
    error = world.refusal('[environments.prod]\ntags = "a"\ntarget = "prd"\n', "prod")
    assert str(error) == (
        'stagebuild.toml:3: environments.prod.target: no stage "prd" in Dockerfile;'
        ' did you mean "prod"?'
    )


def test_stage_names_are_compared_as_buildkit_does(world: World) -> None:
    assert world.prod('target = "PROD"').target == "PROD"


def test_paths_are_absolute_and_shown_as_the_user_would_type_them(world: World) -> None:
    world.files = {"/shop/app/docker/Dockerfile.x": "FROM scratch AS prod\n"}
    spec = world.prod('context = "./app"\ndockerfile = "docker/Dockerfile.x"\n')
    assert (spec.root, spec.context) == (Path("/shop"), "/shop/app")
    assert spec.dockerfile == "/shop/app/docker/Dockerfile.x"
    assert spec.dockerfile_shown == "app/docker/Dockerfile.x"


def test_the_projects_context_and_dockerfile_are_the_defaults(world: World) -> None:
    world.files = {"/shop/app/D": "FROM scratch AS prod\n"}
    top = '[project]\ncontext = "app"\ndockerfile = "D"\n'
    assert world.prod(top=top).dockerfile == "/shop/app/D"


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        (
            "[environments.prod]\ncontext = 'nope'",
            2,
            "environments.prod.context",
            "the context folder nope is missing",
        ),
        (
            "[project]\ncontext = 'nope'\n[environments.prod]",
            2,
            "project.context",
            "the context folder nope is missing",
        ),
        (
            "[environments.prod]\ncontext = 'Dockerfile'",
            2,
            "environments.prod.context",
            "the context folder Dockerfile is a file",
        ),
        (
            "[environments.prod]\ndockerfile = 'nope'",
            2,
            "environments.prod.dockerfile",
            "there is no Dockerfile at nope",
        ),
        (
            "[project]\ndockerfile = 'nope'\n[environments.prod]",
            2,
            "project.dockerfile",
            "there is no Dockerfile at nope",
        ),
        ("[project]\nrepository = 'A'\n[environments.prod]", 2, "project.repository", "lower"),
        ("[project]\nrepository = 'a:1'\n[environments.prod]", 2, "project.repository", "a tag"),
    ],
)
def test_what_is_missing_is_an_error_where_it_is_named(
    world: World, text: str, line: int, key: str, message: str
) -> None:
    error = world.refusal(text, "prod")
    assert (error.path, error.line, error.key) == ("stagebuild.toml", line, key)
    assert message in error.message


def test_a_missing_default_dockerfile_is_an_error_of_the_environment(world: World) -> None:
    world.files = {"/shop/x": ""}
    error = world.refusal("[variables]\n[environments.prod]\n", "prod")
    assert (error.line, error.key) == (2, "environments.prod.dockerfile")
    assert world.refusal(SHOP, "prod").key == "dockerfile"


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ("tags = ['ok', 'a b']", "tags[1]", '"a b" is not an image reference'),
        ("tags = 'a@sha256:" + "0" * 64 + "'", "tags[0]", "has a digest"),
        ("platforms = ['linux']", "platforms[0]", "is not a platform"),
        ("shm-size = '3x'", "shm-size", "is not a size"),
        ("no-cache-filter = ['test', 'tets']", "no-cache-filter[1]", 'did you mean "test"?'),
        ("build-args.A = { env = 'A' }", "build-args.A", "variable A is not set"),
        ("secrets.a = { env = 'A' }", "secrets.a", "variable A is not set"),
        ("secrets.a = { file = 'nope' }", "secrets.a", "there is no file nope"),
        ("ssh = 'default'", "ssh.default", "SSH_AUTH_SOCK is not set"),
        ("ssh.k = ['Dockerfile', 'nope']", "ssh.k[1]", "there is no file nope"),
        ("contexts.a = 'nope'", "contexts.a", "there is no folder nope"),
        ("contexts.a = 'oci-layout://nope:1'", "contexts.a", "there is no folder nope"),
        ("cache-from = 'type=local'", "cache-from[0]", 'needs "src"'),
        ("cache-to = 'type=local,src=x'", "cache-to[0]", 'needs "dest"'),
        ("cache-to = 'type=registry'", "cache-to[0]", 'needs "ref"'),
        ("cache-from = 'A:b'", "cache-from[0].ref", "must be in lower case"),
        ("output = 'type=local'", "output[0]", 'needs "dest"'),
        ("output = 'type=tar,dest=-'", "output[0].dest", "standard output"),
        ("push = true", "push", "nowhere to push to"),
        ("builder = '${env.X:-}'", "builder", "empty once its variables are filled in"),
        ("network = '${env.X:-y}'", "network", "expected one of default, none, host"),
    ],
)
def test_what_can_not_be_built_is_one_error_with_its_place(
    world: World, settings: str, key: str, message: str
) -> None:
    error = world.refusal(f"[environments.prod]\n{settings}\n", "prod")
    assert (error.path, error.line) == ("stagebuild.toml", 2)
    assert error.key == f"environments.prod.{key}"
    assert message in error.message


def test_local_paths_in_entries_are_absolute(world: World) -> None:
    world.files |= {"/shop/s/token": "", "/shared/x": ""}
    spec = world.prod(
        """
        cache-from = "type=local,src=.cache"
        cache-to = "type=local,dest=.cache,mode=max"
        output = ["out", "type=oci,dest=../x.tar"]
        secrets.a.file = "s/token"
        ssh.k = "s/token"
        contexts = { a = "../shared", b = "docker-image://alpine", c = "oci-layout://../shared:1" }
        """
    )
    assert spec.cache_from[0].attributes == {"src": "/shop/.cache"}
    assert spec.cache_to[0].attributes == {"dest": "/shop/.cache", "mode": "max"}
    assert [output.dest for output in spec.outputs] == ["/shop/out", "/x.tar"]
    assert spec.secrets["a"].file == "/shop/s/token"
    assert spec.ssh["k"].paths == ("/shop/s/token",)
    assert spec.contexts == {
        "a": "/shared",
        "b": "docker-image://alpine",
        "c": "oci-layout:///shared:1",
    }


@pytest.mark.parametrize(
    "context",
    [
        "https://github.com/x/y.git#main:sub",
        "http://example.com/x.tar.gz",
        "git@github.com:x/y.git",
        "git://h/x.git",
        "ssh://git@h/x",
        "github.com/x/y",
    ],
)
def test_a_remote_context_is_left_alone(world: World, context: str) -> None:
    spec = world.prod(f"context = '{context}'\ndockerfile = 'docker/./D'\ntarget = 'any'")
    assert (spec.context, spec.dockerfile, spec.target) == (context, "docker/D", "any")
    assert spec.stages is None
    assert world.reads == []


def test_tags_without_a_tag_are_latest_and_count_once(world: World) -> None:
    assert world.prod("tags = ['a', 'a:latest', 'h:5000/b']").tags == (
        "a:latest",
        "h:5000/b:latest",
    )


def test_an_image_to_push_without_tags_is_called_repository_and_environment(world: World) -> None:
    top = "[project]\nrepository = 'r/shop'\n"
    assert world.prod("push = true", top=top).tags == ("r/shop:prod",)
    assert world.prod(top=top).tags == ()


def test_each_dockerfile_is_read_once(world: World) -> None:
    config = "[environments.prod]\n[environments.dev]\nlabels.a = 'x'\n[environments.test]\n"
    world.plan(config, "prod", "dev", "test")
    assert world.reads == ["/shop/Dockerfile"]


def test_the_stages_are_resolved_for_each_build(world: World) -> None:
    config = "[environments.prod]\nbuild-args.PYTHON = '3.12'\n[environments.dev]\n"
    plan = world.plan(config, "prod", "dev")
    graphs = [spec.stages for spec in plan.specs]
    assert [graph.target.name for graph in graphs if graph is not None] == ["prod", "dev"]
    assert "3.12" in str(graphs[0].images() if graphs[0] is not None else None)
    assert plan.specs[0].stages is graphs[0]


def test_a_broken_dockerfile_is_an_error_with_its_own_path_and_line(world: World) -> None:
    world.files["/shop/Dockerfile"] = "FROM scratch AS prod\nCOYP a b\n"
    with pytest.raises(DockerfileError) as caught:
        world.plan(SHOP, "prod")
    assert (caught.value.path, caught.value.line) == ("Dockerfile", 2)


def test_a_build_arg_that_no_stage_declares_is_no_error(world: World) -> None:
    assert world.prod("build-args.UNUSED = 'x'").build_args == {"UNUSED": "x"}


def test_a_plan_is_the_same_every_time(world: World) -> None:
    config = "[environments.prod]\ntags = ['a:${git.short-sha}']\n"
    assert world.plan(config, "prod") == world.plan(config, "prod")


class TestProjectInPython:
    def test_it_is_planned_like_any_other(self, world: World) -> None:
        project = Project(
            root=Path("/shop"),
            context=".",
            environments={"prod": Environment(target="prod", build_args={"A": "${environment}"})},
        )
        assert world.plan(project, "prod")["prod"].build_args == {"A": "prod"}

    def test_a_relative_root_is_seen_from_the_current_folder(self, world: World) -> None:
        assert world.plan(Project(), "prod")["prod"].context == "/shop"

    @pytest.mark.parametrize(
        ("environments", "key"),
        [
            ({"prod": Environment(target="nope")}, "environments.prod.target"),
            ({"prod": Environment(tags=("a", "B"))}, "environments.prod.tags[1]"),
            ({"prod": Environment(inherits=("x",))}, "environments.prod.inherits[0]"),
            ({"a b": Environment()}, 'environments."a b"'),
            ({"prod": Environment(target=3)}, "environments.prod.target"),  # type: ignore[arg-type]  # the point
            ({"prod": Environment(tags="a")}, "environments.prod.tags"),  # type: ignore[arg-type]  # the point
            ({"prod": Environment(inherits="a")}, "environments.prod.inherits"),  # type: ignore[arg-type]  # the point
            ({"prod": Environment(no_cache=1)}, "environments.prod.no-cache"),  # type: ignore[arg-type]  # the point
            ({"prod": Environment(build_args={"A": 1})}, "environments.prod.build-args.A"),  # type: ignore[dict-item]  # the point
        ],
    )
    def test_an_error_has_the_key_and_no_path(
        self, world: World, environments: dict[str, Environment], key: str
    ) -> None:
        error = world.refusal(Project(root=Path("/shop"), environments=environments), "prod")
        assert (error.path, error.line, error.key) == (None, None, key)
        assert isinstance(error, ConfigError)
