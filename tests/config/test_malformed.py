"""Whatever a configuration file holds: a plan, or one error with the file and the line at fault."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stagebuild.config import load
from stagebuild.config.definitions import ENVIRONMENT_KEYS, PROJECT_KEYS
from stagebuild.errors import (
    ConfigError,
    DockerfileError,
    StagebuildError,
    UnknownEnvironment,
)
from stagebuild.planning import GitUnavailable, Surroundings, plan_builds

if TYPE_CHECKING:
    from stagebuild.planning import GitFacts

EXAMPLES = int(os.environ.get("STAGEBUILD_MALFORMED", "120"))
"""How many each of the three properties here tries; the command line has 2,000 more."""

RICH = """\
# One of everything.
[project]
name = "shop"
repository = "registry.example/shop"
context = "."
dockerfile = "Dockerfile"

[variables]
PYTHON = "3.12"
TAG = "${PYTHON}-${CI:-local}"
CI = ""

[environments.base]
description = "What all share"
build-args = { PYTHON = "${PYTHON}", DEBUG = false, N = 3.10 }
labels = { "org.opencontainers.image.title" = "${project}" }

[environments.dev]
inherits = ["base"]
load = true
ssh = { }
shm-size = "64m"

[environments.prod]
inherits = ["base"]
target = "prod"
tags = [
  "${repository}:${TAG}",
  "${repository}:prod",
]
platforms = ["linux/amd64", "linux/arm64"]
cache-from = ["type=gha,scope=x", { type = "registry", ref = "${repository}:cache" }]
cache-to = { type = "local", dest = ".cache", mode = "max" }
secrets = { token = { env = "TOKEN" } }
output = { type = "local", dest = "out" }
attestations = { provenance = "mode=max", sbom = true }
network = "none"
extra-hosts = { db = "10.0.0.5" }
ulimits = { nofile = 1024, nproc = "512:1024" }
contexts = { alpine = "docker-image://alpine:3.20" }
no-cache = false
no-cache-filter = ["dev"]
pull = true
builder = "ci"
push = true
"""
DOCKERFILE = b"FROM scratch AS base\nFROM base AS dev\nFROM base AS prod\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("malformed")
    (made / "Dockerfile").write_bytes(DOCKERFILE)
    return made


def no_git(_: str) -> GitFacts:
    raise GitUnavailable("no git here")


def surroundings_of(folder: Path) -> Surroundings:
    return Surroundings(
        environ={"TOKEN": "t"},
        now_s=0.0,
        folder=str(folder),
        git=no_git,
        read_bytes=lambda path: Path(path).read_bytes(),
        is_folder=os.path.isdir,
        is_file=os.path.isfile,
    )


def outcome(folder: Path, data: bytes) -> StagebuildError | None:
    """Load the file and plan all its environments; return the error, which must be one of ours."""
    file = folder / "stagebuild.toml"
    file.write_bytes(data)
    surroundings = surroundings_of(folder)
    try:
        project = load(file)
        for name in [*(project.environments or ()), "prod"]:
            plan_builds(project, [name], surroundings=surroundings)
    except (ConfigError, DockerfileError) as error:
        return error
    return None


def check(folder: Path, data: bytes) -> None:
    match outcome(folder, data):
        case UnknownEnvironment() as error:
            # A name that is asked for is no mistake of the file, so it has no line.
            assert error.path
        case ConfigError() | DockerfileError() as error:
            assert error.message
            assert error.line is not None
            assert 1 <= error.line <= data.count(b"\n") + 1
            assert str(error).startswith(f"{error.path}:{error.line}: ")


def test_the_configuration_that_is_spoilt_below_is_sound(folder: Path) -> None:
    sound = RICH.replace("[environments.base]", '[environments.base]\ntarget = "base"')
    assert outcome(folder, sound.encode()) is None


@st.composite
def spoilt_text(draw: st.DrawFn) -> bytes:
    """Return the sound file with a few characters deleted, doubled, swapped or put in."""
    data = bytearray(RICH.encode())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        end = min(len(data), at + draw(st.integers(1, 6)))
        new = draw(
            st.sampled_from(
                [
                    b"",
                    data[at:end] * 2,
                    b'"',
                    b"'",
                    b"[",
                    b"]",
                    b"{",
                    b"}",
                    b"=",
                    b"\n",
                    b"$",
                    b"${",
                ]
            )
            | st.text(st.characters(codec="utf-8"), max_size=3).map(str.encode)
        )
        data[at:end] = new
    return bytes(data)


_junk: st.SearchStrategy[str] = st.sampled_from(
    [
        *("1", "-1", "3.5", "inf", "true", "2026-08-01", "07:00:00", "[]", "{}", '""', '"x"'),
        *('"${"', '"${}"', '"${NOPE}"', '"${git.sha}"', '"${target}"', '"$"', '"a b"', '"\\u0000"'),
        *('["x", 1]', "[[]]", "{ a = {} }", '{ type = "x" }', "{ type = 1 }", '{ env = "NOPE" }'),
        *('"${TAG}${TAG}"', '"type=local"', '"type=registry,ref=A"', "9" * 30, '"/\\u0000"'),
        *('["base", "base"]', '"prod"', '"dev"', '"https://x/y.git"', '"../../../../.."', "nan"),
    ]
)
_LINES = RICH.splitlines()
_PAIRS = [index for index, line in enumerate(_LINES) if " = " in line and not line.startswith(" ")]
_HEADERS = [index for index, line in enumerate(_LINES) if line.startswith("[")]


@st.composite
def spoilt_lines(draw: st.DrawFn) -> bytes:
    """Return the sound file with wrong values, misspelt keys, moved and repeated lines."""
    lines = copy.copy(_LINES)
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.sampled_from(_PAIRS))
        key, _, value = _LINES[index].partition(" = ")
        match draw(st.integers(0, 5)):
            case 0:
                lines[index] = f"{key} = {draw(_junk)}"
            case 1:
                at = draw(st.integers(0, len(key)))
                lines[index] = f"{key[:at]}{draw(st.sampled_from('xs-_'))}{key[at:]} = {value}"
            case 2:
                lines[index] = f"{key}.{draw(st.sampled_from(['x', 'type', 'env']))} = {value}"
            case 3:
                header = draw(st.sampled_from(_HEADERS))
                lines[header] = draw(st.sampled_from(["[environments]", "[x]", "[[project]]", ""]))
            case 4:
                names = ["base", "dev", "prod", "'a b'", "nope"]
                lines.append(f"[environments.{draw(st.sampled_from(names))}.labels]")
            case _:
                parent = draw(st.sampled_from(["dev", "prod", "base", "nope"]))
                lines[13] = f'inherits = ["{parent}"]'
    return "\n".join(lines).encode()


def _as_toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{ " + ", ".join(f'"{k}" = {_as_toml(v)}' for k, v in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(_as_toml, value)) + "]"
        case str():
            return '"' + value + '"'
        case _:
            return str(value)


_values: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([True, False, -1, 3, 70_000, "", "x", "prod", "${A}", "${A:-${B}}", "a:b:c"])
    | st.sampled_from(["type=gha", "type=local,dest=x", "linux/amd64", "id=x,env=TOKEN", "1:2"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["A", "type", "ref", "env", "file", "provenance", "soft", "dest", "o.x"]
            ),
            inner,
            max_size=2,
        )
    ),
    max_leaves=4,
)
_environment = st.dictionaries(
    st.sampled_from(sorted(ENVIRONMENT_KEYS)), _values, min_size=1, max_size=3
)
_documents = st.fixed_dictionaries(
    {"environments": st.fixed_dictionaries({"prod": _environment, "dev": _environment})},
    optional={
        "project": st.dictionaries(st.sampled_from(sorted(PROJECT_KEYS)), _values, max_size=2),
        "variables": st.dictionaries(st.sampled_from("AB"), _values, max_size=2),
    },
).map(
    lambda tables: "\n".join(f"{key} = {_as_toml(value)}" for key, value in tables.items()).encode()
)

_quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_quick
@given(data=spoilt_text())
@example(data=b"[project]\nname = '\xff'")
@example(data=b"\xff\xfe\x00")
@example(data=b"\x00")
@example(data=b"x = " + b"[" * 10_000)
@example(data=b"a." * 5_000 + b"a = 1")
@example(data=b"x = " + b"9" * 10_000)
def test_a_file_with_broken_text_is_refused_with_its_line(folder: Path, data: bytes) -> None:
    check(folder, data)


@_quick
@given(data=spoilt_lines())
def test_a_file_with_wrong_lines_is_refused_with_its_line(folder: Path, data: bytes) -> None:
    check(folder, data)


@_quick
@given(data=_documents)
def test_a_file_of_other_things_is_refused_with_its_line(folder: Path, data: bytes) -> None:
    check(folder, data)
