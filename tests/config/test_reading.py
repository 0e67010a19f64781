from __future__ import annotations

from pathlib import Path

import pytest

from stagebuild.config import read_project
from stagebuild.config.definitions import ENVIRONMENT_KEYS, PROJECT_KEYS
from stagebuild.errors import ConfigError
from stagebuild.model import (
    Attestation,
    CacheEntry,
    Environment,
    Output,
    Project,
    Secret,
    SshForward,
    Ulimit,
)
from stagebuild.values import field_types


def read(text: str) -> Project:
    return read_project(text, path="stagebuild.toml", root=Path("/project"))


def environment(settings: str) -> Environment:
    environments = read(f"[environments.prod]\n{settings}\n").environments
    assert environments is not None
    return environments["prod"]


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return caught.value


def test_the_project_table_is_read() -> None:
    project = read('[project]\nname = "shop"\nrepository = "r/shop"\ncontext = "app"\n')
    assert (project.name, project.repository, project.context) == ("shop", "r/shop", "app")


def test_a_file_without_environments_has_none_rather_than_every_stage() -> None:
    assert read("").environments == {}


@pytest.mark.parametrize("key", ENVIRONMENT_KEYS.values(), ids=lambda key: key.name)
def test_the_example_of_each_environment_key_is_read(key: object) -> None:
    name, field = key.name, key.field  # type: ignore[attr-defined]  # parametrize loses the type
    read_one = environment(f"{name} = {key.example}")  # type: ignore[attr-defined]  # as above
    assert getattr(read_one, field) != getattr(Environment(), field)


@pytest.mark.parametrize("key", PROJECT_KEYS.values(), ids=lambda key: key.name)
def test_the_example_of_each_project_key_is_read(key: object) -> None:
    read(f"[project]\n{key.name} = {key.example}")  # type: ignore[attr-defined]  # as above


def test_every_field_of_an_environment_has_a_key() -> None:
    fields = {key.field for key in ENVIRONMENT_KEYS.values()}
    assert fields == set(field_types(Environment))


def test_build_args_are_text_as_written() -> None:
    args = environment('build-args = { A = "x", B = 3.10, C = 10, D = true, E = 1e3 }').build_args
    assert args == {"A": "x", "B": "3.10", "C": "10", "D": "true", "E": "1e3"}


def test_a_build_arg_from_the_process_environment_has_no_value_yet() -> None:
    args = environment('build-args = { A = { env = "A" }, B = { env = "C" } }').build_args
    assert args == {"A": None, "B": "${env.C}"}


def test_a_list_may_be_given_as_its_only_item() -> None:
    assert environment('tags = "a"').tags == ("a",)


def test_an_empty_list_is_something_else_than_none() -> None:
    assert environment("tags = []").tags == ()
    assert environment("").tags is None


def test_cache_entries_are_short_text_or_tables() -> None:
    caches = environment(
        'cache-from = ["type=gha,scope=x", "repo/cache", { type = "local", src = "c" }]\n'
        'cache-to = { type = "registry", ref = "r", mode = "max", ignore-error = true }'
    )
    assert caches.cache_from == (
        CacheEntry(type="gha", attributes={"scope": "x"}),
        CacheEntry(type="registry", attributes={"ref": "repo/cache"}),
        CacheEntry(type="local", attributes={"src": "c"}),
    )
    assert caches.cache_to == (
        CacheEntry(type="registry", attributes={"ref": "r", "mode": "max", "ignore-error": "true"}),
    )


def test_outputs_are_short_text_or_tables() -> None:
    outputs = environment('output = ["out", { type = "oci", dest = "x.tar" }]').outputs
    assert outputs == (Output(type="local", dest="out"), Output(type="oci", dest="x.tar"))


def test_secrets_are_tables_or_short_text() -> None:
    expected = {"a": Secret(env="A"), "b": Secret(file="b.txt")}
    assert environment('secrets = { a = { env = "A" }, b.file = "b.txt" }').secrets == expected
    assert environment('secrets = ["id=a,env=A", "id=b,src=b.txt"]').secrets == expected


def test_ssh_is_a_table_or_short_text() -> None:
    expected = {"default": SshForward(), "key": SshForward(paths=("k1", "k2"))}
    assert environment('ssh = { default = [], key = ["k1", "k2"] }').ssh == expected
    assert environment('ssh = ["default", "key=k1,k2"]').ssh == expected


def test_attestations_are_true_text_or_tables() -> None:
    provenance = Attestation(type="provenance", attributes={"mode": "max"})
    for written in ('"max"', '"mode=max"', '{ mode = "max" }'):
        read_one = environment(f"attestations.provenance = {written}").attestations
        assert read_one == (provenance,)
    assert environment("attestations = { sbom = true, provenance = false }").attestations == (
        Attestation(type="sbom"),
    )
    assert environment('attestations = "type=sbom"').attestations == (Attestation(type="sbom"),)


def test_ulimits_are_numbers_text_or_tables() -> None:
    ulimits = environment('ulimits = { a = 5, b = "1:2", c = { soft = 1, hard = -1 } }').ulimits
    assert ulimits == {
        "a": Ulimit(soft=5, hard=5),
        "b": Ulimit(soft=1, hard=2),
        "c": Ulimit(soft=1, hard=-1),
    }


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("enviroments = {}", 1, "enviroments", 'did you mean "environments"?'),
        ("[project]\n\nnmae = 1", 3, "project.nmae", 'did you mean "name"?'),
        (
            '[environments.prod]\ntarget = "x"\ntag = "a"',
            3,
            "environments.prod.tag",
            'unknown key; did you mean "tags"?',
        ),
        (
            "[environments.prod]\nneeds = []",
            2,
            "environments.prod.needs",
            "unknown key",
        ),
        (
            "[environments.prod]\ntarget = 3.10",
            2,
            "environments.prod.target",
            "expected text, got the number 3.10",
        ),
        (
            '[environments.prod]\ntags = [\n"a",\n{ b = 1 },\n]',
            4,
            "environments.prod.tags[1]",
            "expected text, got a table",
        ),
        (
            "[environments.prod]\nno-cache = 'yes'",
            2,
            "environments.prod.no-cache",
            'expected true or false, got the text "yes"',
        ),
        (
            '[environments.prod.labels]\n"org.x" = []',
            2,
            'environments.prod.labels."org.x"',
            "got an empty list",
        ),
        (
            '[environments.prod]\ncache-from = ["type=regsitry"]',
            2,
            "environments.prod.cache-from[0]",
            'type "regsitry"',
        ),
        (
            "[environments.prod]\nsecrets.x = {}",
            2,
            "environments.prod.secrets.x",
            "one source",
        ),
        (
            '[environments.prod]\nsecrets.x = { src = "a" }',
            2,
            "environments.prod.secrets.x.src",
            "unknown key",
        ),
        (
            "[environments.prod]\nnetwork = 'hsot'",
            2,
            "environments.prod.network",
            "expected one of default, none, host",
        ),
        (
            "[environments.prod]\nulimits.nofile = '9:1'",
            2,
            "environments.prod.ulimits.nofile",
            "above the hard limit",
        ),
        ("[environments.'a b']", 1, 'environments."a b"', "an environment's name has letters"),
        ("[environments.'-q']", 1, "environments.-q", "an environment's name has letters"),
        ("environments = 3", 1, "environments", "expected a table, got the number 3"),
        ("[environments]\nprod = true", 2, "environments.prod", "expected a table, got true"),
        ("[variables]\nA = []", 2, "variables.A", "got an empty list"),
        ("[variables]\ntarget = 'x'", 2, "variables.target", "${target} is built in"),
        ("[variables]\n'a.b' = 'x'", 2, 'variables."a.b"', "a variable's name has letters"),
        ("[project]\nname = 2026-08-01", 2, "project.name", "the date or time 2026-08-01"),
    ],
)
def test_a_mistake_is_one_error_with_line_key_and_what_was_expected(
    text: str, line: int, key: str, message: str
) -> None:
    error = refusal(text)
    assert (error.path, error.line, error.key) == ("stagebuild.toml", line, key)
    assert message in error.message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[project]\nname = ", 2, "not TOML"),
        ("[project\n", 1, "not TOML at column 9"),
        ("a = 1\na = 2", 2, "not TOML"),
        ("x = '''\n\n", 3, "not TOML"),
        ("\nx = " + "[" * 5000, 2, "nested too deeply"),
        ("x = " + "9" * 5000, 1, "not TOML"),
    ],
)
def test_text_that_is_not_toml_is_refused_with_its_line(text: str, line: int, message: str) -> None:
    error = refusal(text)
    assert (error.path, error.line) == ("stagebuild.toml", line)
    assert message in error.message
