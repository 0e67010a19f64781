from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stagebuild.config import read_project, schema
from stagebuild.config.definitions import ENVIRONMENT_KEYS, PROJECT_KEYS
from stagebuild.errors import ConfigError

VALIDATOR = jsonschema.Draft202012Validator(schema())
RICH = "".join(
    [
        "[project]\n",
        *(f"{name} = {key.example}\n" for name, key in PROJECT_KEYS.items()),
        '[variables]\nPYTHON = "3.12"\nN = 3\nF = 1.5\nB = true\n',
        "[environments.prod]\n",
        *(f"{name} = {key.example}\n" for name, key in ENVIRONMENT_KEYS.items()),
    ]
)


def errors_of(text: str) -> list[Any]:
    return list(VALIDATOR.iter_errors(tomllib.loads(text)))


def is_read(text: str) -> bool:
    try:
        read_project(text, path="x", root=Path())
    except ConfigError:
        return False
    return True


def test_the_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_every_key_is_in_the_schema_with_its_description() -> None:
    properties = schema()["properties"]
    environment = properties["environments"]["additionalProperties"]["properties"]
    assert environment.keys() == ENVIRONMENT_KEYS.keys()
    assert properties["project"]["properties"].keys() == PROJECT_KEYS.keys()
    assert all(key["description"] for key in environment.values())


def test_a_file_that_uses_every_key_is_valid() -> None:
    assert errors_of(RICH) == []
    assert is_read(RICH)


@pytest.mark.parametrize(
    "settings",
    [
        "",
        'tags = "a"',
        "tags = []",
        'inherits = "base"',
        "shm-size = 65536",
        'network = "${NET}"',
        'cache-from = "type=gha"',
        'cache-from = ["a", { type = "gha", scope = "x", n = 1, b = true }]',
        'output = { type = "oci", dest = "x" }',
        'secrets = ["id=a,env=A"]',
        'secrets = "id=a"',
        'ssh = "default"',
        'ssh = { default = [], k = "x", l = ["y", "z"] }',
        'attestations = ["type=sbom"]',
        'attestations = { provenance = "max", sbom = { generator = "x" } }',
        'build-args = { A = { env = "A" } }',
        "ulimits = { a = { soft = 1, hard = 2 } }",
    ],
)
def test_what_is_read_is_valid(settings: str) -> None:
    text = f"[environments.prod]\n{settings}\n"
    assert is_read(text)
    assert errors_of(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "project = 1",
        "[project]\nnmae = 'x'",
        "[project]\nname = ''",
        "[variables]\n'a.b' = 'x'",
        "[variables]\ntarget = 'x'",
        "[variables]\nA = []",
        "[environments]\nprod = 1",
        "[environments.'a b']",
        *(
            f"[environments.prod]\n{settings}\n"
            for settings in (
                "needs = []",
                "target = 3",
                "target = ''",
                "tags = [1]",
                "tags = { a = 1 }",
                "no-cache = 'true'",
                "build-args = { A = [] }",
                "build-args = { A = { evn = 'x' } }",
                "build-args = { '' = 'x' }",
                "build-args = { A = {} }",
                "labels = { A = {} }",
                "cache-from = 1",
                "cache-from = { ref = 'x' }",
                "cache-from = { type = 'x' }",
                "output = [{ dest = 'x' }]",
                "secrets = { a = {} }",
                "secrets = { a = 'x' }",
                "secrets = { a = { env = 'A', file = 'b' } }",
                "ssh = { a = 1 }",
                "attestations = { sbmo = true }",
                "attestations = true",
                "network = 'x'",
                "shm-size = -1",
                "shm-size = true",
                "ulimits = { a = true }",
                "ulimits = { a = 'x' }",
                "ulimits = { a = { soft = 1 } }",
                "pull = 1",
            )
        ),
    ],
)
def test_what_is_wrong_for_the_schema_is_wrong_for_the_reader(text: str) -> None:
    assert errors_of(text) != []
    assert not is_read(text)
