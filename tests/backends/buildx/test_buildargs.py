"""Build args are passed by name, except where the name is one of docker's own tools' variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.backends.buildx.buildargs import build_arg_options, is_taken
from stagebuild.errors import UnsupportedFeature

if TYPE_CHECKING:
    from collections.abc import Mapping


def options(
    build_args: Mapping[str, str], environ: Mapping[str, str] | None = None
) -> tuple[list[str], dict[str, str]]:
    return build_arg_options(build_args, environ or {}, backend="buildx")


def test_a_value_is_in_the_environment_and_not_in_the_argv() -> None:
    assert options({"NPM_TOKEN": "s3cret"}) == (
        ["--build-arg", "NPM_TOKEN"],
        {"NPM_TOKEN": "s3cret"},
    )


def test_another_value_of_the_environment_is_replaced_for_the_child() -> None:
    assert options({"VERSION": "2"}, {"VERSION": "1"}) == (
        ["--build-arg", "VERSION"],
        {"VERSION": "2"},
    )


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "DOCKER_HOST", "BUILDX_BUILDER", "BUILDKIT_PROGRESS", "HTTPS_PROXY", "LC_ALL"],
)
def test_a_variable_of_dockers_own_tools_is_left_alone(name: str) -> None:
    assert options({name: "other"}, {name: "own"}) == (["--build-arg", f"{name}=other"], {})


def test_proxies_are_known_in_either_case() -> None:
    assert options({"http_proxy": "http://p:1"}) == (["--build-arg", "http_proxy=http://p:1"], {})


def test_a_taken_name_with_the_value_that_the_environment_has_goes_by_name() -> None:
    proxy = "http://user:s3cret@proxy:3128"

    assert options({"HTTP_PROXY": proxy}, {"HTTP_PROXY": proxy}) == (
        ["--build-arg", "HTTP_PROXY"],
        {},
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_SECRET_ACCESS_KEY", "abc"), ("HTTP_PROXY", "http://user:s3cret@proxy:3128")],
)
def test_a_secret_with_a_taken_name_is_refused_with_a_way_out(name: str, value: str) -> None:
    with pytest.raises(UnsupportedFeature) as caught:
        options({name: value})

    assert name in caught.value.feature
    assert f"export {name}" in caught.value.remedy
    assert value not in str(caught.value)


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)


@given(st.dictionaries(NAMES, st.text(max_size=8)), st.dictionaries(NAMES, st.text(max_size=8)))
def test_the_child_knows_every_value_and_its_tools_know_their_own(
    build_args: dict[str, str], environ: dict[str, str]
) -> None:
    try:
        words, added = options(build_args, environ)
    except UnsupportedFeature:
        return

    child = {**environ, **added}
    received = {}
    for word in words[1::2]:
        name, equals, value = word.partition("=")
        received[name] = value if equals else child[name]
    assert received == build_args
    assert not any(is_taken(name) and environ.get(name) != child[name] for name in child)
