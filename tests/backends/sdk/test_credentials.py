"""Credentials of registries, as Docker's configuration has them; helpers are real programs."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.sdk.credentials import credentials
from stagebuild.backends.sdk.dockerconfig import DockerConfig

if TYPE_CHECKING:
    from pathlib import Path

HELPER = """#!/bin/sh
# Speaks docker-credential-helpers' protocol: the server on stdin, JSON or words on stdout.
read -r server
case "$1 $server" in
  "get registry.example"|"get https://index.docker.io/v1/")
    echo "{\\"ServerURL\\": \\"$server\\", \\"Username\\": \\"$WHO\\", \\"Secret\\": \\"kept\\"}" ;;
  "get tokens.example") echo '{"Username": "<token>", "Secret": "a-token"}' ;;
  "get broken.example") echo "the vault is sealed"; exit 1 ;;
  *) echo "credentials not found in native keychain"; exit 1 ;;
esac
"""


@pytest.fixture(autouse=True)
def on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # docker-py looks helpers up in this process' own environment, and gives them ours.
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def found(folder: Path, config: object, host: str) -> tuple[str, str]:
    """Look credentials up with a helper called ``vault`` on PATH."""
    (folder / "config.json").write_text(json.dumps(config))
    helper = folder / "docker-credential-vault"
    helper.write_text(HELPER)
    helper.chmod(0o755)
    environ = {"DOCKER_CONFIG": str(folder), "PATH": "/usr/bin:/bin", "WHO": "ada"}
    return credentials(DockerConfig(environ), host, environ)


def auth(text: str) -> dict[str, str]:
    return {"auth": b64encode(text.encode()).decode()}


def test_nothing_configured_is_nobody(tmp_path: Path) -> None:
    assert found(tmp_path, {}, "registry.example") == ("", "")


def test_a_registrys_own_entry_is_used(tmp_path: Path) -> None:
    config = {"auths": {"registry.example": auth("bob:p:w"), "other.example": auth("x:y")}}

    assert found(tmp_path, config, "registry.example") == ("bob", "p:w")


def test_an_identity_token_has_no_user_name(tmp_path: Path) -> None:
    config = {"auths": {"registry.example": {**auth("bob:"), "identitytoken": "t"}}}

    assert found(tmp_path, config, "registry.example") == ("", "t")


@pytest.mark.parametrize("host", ["registry-1.docker.io", "docker.io", "index.docker.io"])
def test_docker_hub_is_known_by_its_old_address(host: str, tmp_path: Path) -> None:
    config = {"auths": {"https://index.docker.io/v1/": auth("bob:pw")}}

    assert found(tmp_path, config, host) == ("bob", "pw")


@pytest.mark.parametrize(
    "config", [{"credsStore": "vault"}, {"credHelpers": {"registry.example": "vault"}}]
)
def test_a_helper_is_asked_with_the_environment_given(config: object, tmp_path: Path) -> None:
    assert found(tmp_path, config, "registry.example") == ("ada", "kept")


def test_a_store_is_asked_for_docker_hub_by_its_old_address(tmp_path: Path) -> None:
    assert found(tmp_path, {"credsStore": "vault"}, "registry-1.docker.io") == ("ada", "kept")


def test_a_registrys_own_helper_comes_before_the_store(tmp_path: Path) -> None:
    config = {"credsStore": "nowhere", "credHelpers": {"registry.example": "vault"}}

    assert found(tmp_path, config, "registry.example") == ("ada", "kept")


def test_a_token_of_a_helper_has_no_user_name(tmp_path: Path) -> None:
    assert found(tmp_path, {"credsStore": "vault"}, "tokens.example") == ("", "a-token")


def test_a_registry_that_a_helper_does_not_know_has_nobody(tmp_path: Path) -> None:
    assert found(tmp_path, {"credsStore": "vault"}, "unknown.example") == ("", "")


def test_a_helper_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the vault is sealed"):
        found(tmp_path, {"credsStore": "vault"}, "broken.example")


@pytest.mark.filterwarnings("ignore:docker-credential-absent not installed")
def test_a_helper_that_is_not_installed_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="docker-credential-absent"):
        found(tmp_path, {"credsStore": "absent"}, "registry.example")
