"""Targets as ``docker buildx bake --print`` has them (0.29.1) -> environments, key by key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stagebuild.interop.bakein import imported_from_bake
from stagebuild.interop.bakeout import bake_document, target_name
from stagebuild.model.entries import Secret
from stagebuild.planning.spec import BuildSpec
from stagebuild.values import replaced

CARRIED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"context": ".", "dockerfile": "Dockerfile"}, {"context": ".", "dockerfile": "Dockerfile"}),
    ({"target": "prod"}, {"target": "prod"}),
    ({"args": {"A": "1", "B": None}}, {"build-args": {"A": "1"}}),
    ({"args": {"A": "$${x} %%{y}"}}, {"build-args": {"A": "$${x} %{y}"}}),
    ({"labels": {"a.b": "c"}}, {"labels": {"a.b": "c"}}),
    ({"annotations": ["index:a=b=c"]}, {"annotations": {"index:a": "b=c"}}),
    ({"tags": ["a:1"]}, {"tags": ["a:1"]}),
    ({"platforms": ["linux/arm64"]}, {"platforms": ["linux/arm64"]}),
    (
        {"cache-from": [{"type": "registry", "ref": "a:c"}, "type=gha"]},
        {"cache-from": [{"type": "registry", "ref": "a:c"}, "type=gha"]},
    ),
    ({"cache-to": [{"type": "inline"}]}, {"cache-to": [{"type": "inline"}]}),
    (
        {"secret": [{"id": "a", "env": "B"}, {"id": "c", "src": "d"}, "id=e"]},
        {"secrets": {"a": {"env": "B"}, "c": {"file": "d"}, "e": {"env": "e"}}},
    ),
    (
        {"ssh": [{"id": "default"}, {"id": "k", "paths": ["x"]}, "z=y"]},
        {"ssh": {"default": [], "k": ["x"], "z": ["y"]}},
    ),
    ({"output": [{"type": "registry"}]}, {"push": True}),
    ({"output": ["type=docker"]}, {"load": True}),
    ({"output": [{"type": "image"}]}, {}),
    ({"output": [{"type": "local", "dest": "o"}]}, {"output": [{"type": "local", "dest": "o"}]}),
    ({"attest": [{"type": "provenance", "disabled": "true"}]}, {}),
    ({"attest": ["type=sbom"]}, {"attestations": ["type=sbom"]}),
    ({"network": "host", "shm-size": "64m"}, {"network": "host", "shm-size": "64m"}),
    ({"extra-hosts": {"a": "1.2.3.4"}}, {"extra-hosts": {"a": "1.2.3.4"}}),
    ({"ulimits": ["nofile=10:20"]}, {"ulimits": {"nofile": "10:20"}}),
    (
        {"contexts": {"a": "../a", "b": "target:base"}},
        {"contexts": {"a": "../a", "b": "image:@base"}},
    ),
    (
        {"no-cache": True, "no-cache-filter": ["a"], "pull": True},
        {"no-cache": True, "no-cache-filter": ["a"], "pull": True},
    ),
]


@pytest.mark.parametrize(("target", "table"), CARRIED, ids=",".join)
def test_a_key_of_bake_is_ours(target: dict[str, Any], table: dict[str, Any]) -> None:
    found = imported_from_bake({"target": {"a": target}})
    assert found.environments == {"a": table}
    assert found.warnings == ()


@pytest.mark.parametrize(
    "target",
    [
        {"call": "check"},
        {"entitlements": ["network.host"]},
        {"attest": ["type=other"]},
        {"secret": [{"env": "A"}]},
    ],
    ids=",".join,
)
def test_a_key_without_a_place_is_named(target: dict[str, Any]) -> None:
    found = imported_from_bake({"target": {"a": target}})
    (warning,) = found.warnings
    assert next(iter(target)) in warning
    assert found.environments == {"a": {}}


def test_a_dockerfile_in_the_file_is_named_as_one_that_is_to_be_written() -> None:
    found = imported_from_bake({"target": {"a": {"dockerfile-inline": "FROM a"}}})
    assert found.environments == {"a": {"dockerfile": "a.Dockerfile"}}
    assert "write it to a.Dockerfile" in found.warnings[0]


def test_a_group_is_one_unless_it_is_everything() -> None:
    targets: dict[str, Any] = {"a": {}, "b": {}}
    all_of_it = {"target": targets, "group": {"default": {"targets": ["a", "b"]}}}
    assert imported_from_bake(all_of_it).environments == targets
    some = {"target": targets, "group": {"ci": {"targets": ["a", "all"]}, "all": {"targets": "b"}}}
    found = imported_from_bake(some)
    assert found.environments == targets | {
        "ci": {"group": ["a", "all"]},
        "all": {"group": ["b"]},
    }
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("build", "name"),
    [("prod", "prod"), ("api:prod", "api_prod"), ("t[python=3.12]", "t_python_3_12")],
)
def test_a_name_is_one_that_bake_allows(build: str, name: str) -> None:
    assert target_name(build) == name


def test_what_bake_has_no_place_for_is_told_each() -> None:
    spec = BuildSpec(
        name="a",
        root=Path("/shop"),
        context="/shop",
        dockerfile="/shop/Dockerfile",
        dockerfile_shown="Dockerfile",
        target=None,
        secrets={"pip-token": Secret(command="pass pip")},
        retries=0,
        reproducible=True,
        requires=("test",),
        builder="ci",
        bases={"base": "common"},
    )
    document, warnings = bake_document([spec, replaced(spec, name="common", bases={})], ["a"])
    assert document["target"]["a"]["secret"] == ["id=pip-token,env=PIP_TOKEN"]
    for word in ("requires", "retries", "reproducible", "builder", "PIP_TOKEN", "of common"):
        assert any(word in warning for warning in warnings), word
