"""Compose files -> environments; every key is carried over or warned of."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli.importing import imported_from
from stagebuild.interop.composein import imported_from_compose
from stagebuild.interop.imported import Imported, toml_of

if TYPE_CHECKING:
    from pathlib import Path


def environments(text: str) -> dict[str, object]:
    found = imported_from_compose(text)
    written: dict[str, object] = tomllib.loads(toml_of(found, "compose.yaml"))["environments"]
    return written


def warnings(text: str) -> tuple[str, ...]:
    return imported_from_compose(text).warnings


ALL_KEYS = """\
services:
  web:
    image: shop/web:${TAG:-dev}
    platform: linux/amd64
    profiles: [dev, ci]
    build:
      context: ./web
      dockerfile: docker/Dockerfile
      target: prod
      args: { LEVEL: info, TOKEN: null, DEBUG: true, N: 3 }
      labels: ["a=1", "b=two words"]
      tags: ["shop/web:$SHA"]
      platforms: [linux/amd64, linux/arm64]
      cache_from: ["type=registry,ref=shop/web:cache", "shop/web:old"]
      cache_to: ["type=local,dest=.cache"]
      additional_contexts: { shared: ../shared, base: "service:base", mail: "service:cache" }
      extra_hosts: ["db:10.0.0.5", "api=10.0.0.6"]
      network: host
      no_cache: true
      pull: true
      shm_size: 64m
      secrets: [netrc, { source: pip, target: pip-token }]
      ssh: [default, "deploy=keys/deploy"]
      ulimits: { nproc: 512, nofile: { soft: 10, hard: 20 } }
      provenance: mode=max
      sbom: true
      isolation: hyperv
      privileged: true
  base:
    build: .
  cache:
    image: redis
secrets:
  netrc: { file: ./netrc }
  pip: { environment: PIP_TOKEN }
volumes: { data: {} }
"""


def test_every_key_of_a_build_section_is_carried_over() -> None:
    web = environments(ALL_KEYS)["web"]
    assert web == {
        "context": "./web",
        "dockerfile": "docker/Dockerfile",
        "target": "prod",
        "build-args": {"LEVEL": "info", "TOKEN": {"env": "TOKEN"}, "DEBUG": "true", "N": "3"},
        "labels": {"a": "1", "b": "two words"},
        "tags": ["shop/web:${env.TAG:-dev}", "shop/web:${env.SHA:-}"],
        "platforms": ["linux/amd64", "linux/arm64"],
        "cache-from": ["type=registry,ref=shop/web:cache", "shop/web:old"],
        "cache-to": ["type=local,dest=.cache"],
        "contexts": {"shared": "../shared", "base": "image:@base"},
        "extra-hosts": {"db": "10.0.0.5", "api": "10.0.0.6"},
        "network": "host",
        "no-cache": True,
        "pull": True,
        "shm-size": "64m",
        "secrets": {"netrc": {"file": "./netrc"}, "pip-token": {"env": "PIP_TOKEN"}},
        "ssh": {"default": [], "deploy": ["keys/deploy"]},
        "ulimits": {"nproc": 512, "nofile": {"soft": 10, "hard": 20}},
        "attestations": {"provenance": "mode=max", "sbom": True},
    }


def test_what_has_no_place_is_named_each() -> None:
    told = "\n".join(warnings(ALL_KEYS))
    for part in ("isolation", "privileged", "service:cache", "service cache", "volumes"):
        assert part in told


def test_a_profile_is_a_group_of_its_services_and_those_without_one() -> None:
    text = """\
    services:
      web: { build: web }
      debug: { build: debug, profiles: [debug] }
      seed: { build: seed, profiles: [ci, debug] }
      mail: { image: mail, profiles: [mail] }
      e2e: { build: e2e, profiles: [e2e] }
    """
    found = environments(text)
    groups = {n: t["group"] for n, t in found.items() if isinstance(t, dict) and "group" in t}
    assert groups == {
        "default": ["web"],
        "profile-debug": ["web", "debug", "seed"],
        "ci": ["web", "seed"],
        "mail": ["web"],
        "profile-e2e": ["web", "e2e"],
    }
    assert "the group is called profile-debug" in " ".join(warnings(text))


def test_a_profile_of_one_service_that_is_called_so_is_the_service() -> None:
    text = "services: { docs: { build: docs, profiles: [docs] } }"
    assert environments(text) == {"docs": {"context": "docs"}}


@pytest.mark.parametrize("extends", ["a", "{ service: gone }", "{ service: b, file: other.yaml }"])
def test_what_a_service_cannot_extend_is_told(extends: str) -> None:
    text = f"services: {{ a: {{ build: ., extends: {extends} }} }}"
    assert environments(text) == {"a": {"context": "."}}
    assert "extends" in warnings(text)[0]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("${A}", "${env.A:-}"),
        ("$A", "${env.A:-}"),
        ("${A:-x}", "${env.A:-x}"),
        ("${A-x}", "${env.A:-x}"),
        ("${A:?needed}", "${env.A}"),
        ("${A:-x${B:-y}z}/$C", "${env.A:-x${env.B:-y}z}/${env.C:-}"),
        ("${A:+set}-", "-"),
        ("a$", "a$"),
        ("$$A", "$$A"),
        ("plain", "plain"),
    ],
)
def test_variables_are_those_of_the_process_environment(written: str, read: str) -> None:
    text = f'services: {{ a: {{ build: {{ target: "{written}" }} }} }}'
    assert environments(text)["a"] == {"target": read}


@pytest.mark.parametrize("text", ["", "[]", "a: b", "services: 3", "{", "services: {a: [}"])
def test_what_is_no_compose_file_is_told_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"services|YAML"):
        imported_from_compose(text)


@pytest.mark.parametrize(
    "text", ['quote " back \\ slash', "tab\t", "ä€", "\x7f", "new\nline", "${x}"]
)
def test_any_text_is_written_as_toml_has_it(text: str) -> None:
    table = {"build-args": {text: text}}
    written = toml_of(Imported(environments={text: table}), "here")
    assert tomllib.loads(written)["environments"] == {text: table}


def test_what_compose_reads_besides_is_told(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: { a: { build: { target: $T } } }")
    (tmp_path / "compose.override.yaml").touch()
    (tmp_path / ".env").touch()
    found = imported_from(str(tmp_path / "compose.yaml"), "auto", {})
    assert [warning.partition(":")[0] for warning in found.warnings] == [
        ".env",
        "compose.override.yaml",
    ]
