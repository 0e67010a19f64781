"""Skaffold artifacts -> environments."""

from __future__ import annotations

import pytest

from stagebuild.interop.skaffoldin import imported_from_skaffold

FILE = """\
apiVersion: skaffold/v4beta11
kind: Config
build:
  artifacts:
    - image: registry.example/shop/web
      context: web
      docker:
        dockerfile: docker/Dockerfile
        target: prod
        buildArgs: { LEVEL: info, TAG: "{{.TAG}}" }
        network: HOST
        cacheFrom: [shop/web:cache]
        noCache: true
        pullParent: true
        secrets: [{ id: pip, env: PIP }, { id: netrc, src: netrc }, { id: token }]
        ssh: default
        cliFlags: [--quiet]
      sync: { manual: [] }
    - image: worker
"""


def test_what_docker_builds_is_carried_over_and_the_rest_is_named() -> None:
    found = imported_from_skaffold(FILE)
    assert found.environments == {
        "web": {
            "tags": ["registry.example/shop/web"],
            "context": "web",
            "dockerfile": "docker/Dockerfile",
            "target": "prod",
            "build-args": {"LEVEL": "info", "TAG": "{{.TAG}}"},
            "network": "host",
            "cache-from": ["shop/web:cache"],
            "no-cache": True,
            "pull": True,
            "secrets": {
                "pip": {"env": "PIP"},
                "netrc": {"file": "netrc"},
                "token": {"env": "token"},
            },
            "ssh": {"default": []},
        },
        "worker": {"tags": ["worker"]},
    }
    assert [warning.split(": ")[1].split(" ")[0] for warning in found.warnings] == [
        "docker.cliFlags",
        "sync",
    ]


@pytest.mark.parametrize("text", ["", "build: {}", "a: [", "build: [1]"])
def test_what_is_no_skaffold_file_is_told_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"artifacts|YAML"):
        imported_from_skaffold(text)
