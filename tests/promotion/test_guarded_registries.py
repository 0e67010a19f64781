"""Promotions in registries that not everybody may use: passwords, tokens, certificates."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.distribution import Endpoint, endpoint_of
from stagebuild.distribution.errors import RegistryError
from tests.ownregistry import (
    PASSWORD,
    USER,
    Certificate,
    TokenServer,
    own_address,
    own_registry,
    password,
)
from tests.promotion.test_promoting import Stand
from tests.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stagebuild.distribution import Repository
    from tests.conftest import Engine

pytestmark = pytest.mark.engine


@dataclass(frozen=True, kw_only=True)
class GuardedShelf(Shelf):
    """A place in a registry of its own, where USER puts images."""

    proxy: Any = None
    address: str

    @property
    def registry(self) -> str:
        return self.address

    def repository(self, name: str = "shop", **options: Any) -> Repository:
        return super().repository(name, credentials=lambda _: (USER, PASSWORD), **options)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.made(tmp_path_factory.mktemp("certificate"), "ours")


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


def stand_at(address: str, engine: Engine, folder: Path, config: Path) -> Stand:
    project = folder / "project"
    project.mkdir()
    stand = Stand(GuardedShelf(address=address), engine, project)
    stand.engine = type(engine)(
        name=engine.name,
        env={**engine.env, "DOCKER_CONFIG": str(config)},
        registry=engine.registry,
    )
    return stand


def log_in(config: Path, address: str, secret: str = PASSWORD) -> None:
    auth = b64encode(f"{USER}:{secret}".encode()).decode()
    (config / "config.json").write_text(json.dumps({"auths": {address: {"auth": auth}}}))


@pytest.fixture
def behind_password(engine: Engine, tmp_path: Path, docker_config: Path) -> Iterator[Stand]:
    with own_registry(tmp_path / "registry", auth=password(tmp_path)) as address:
        yield stand_at(address, engine, tmp_path, docker_config)


@pytest.fixture
def behind_tokens(
    engine: Engine, tmp_path: Path, docker_config: Path, certificate: Certificate
) -> Iterator[tuple[TokenServer, Stand]]:
    with (
        TokenServer(certificate=certificate) as tokens,
        own_registry(tmp_path / "registry", auth=tokens.auth()) as address,
    ):
        yield tokens, stand_at(address, engine, tmp_path, docker_config)


def test_a_password_of_docker_login_is_used(behind_password: Stand, docker_config: Path) -> None:
    digest = behind_password.push()
    log_in(docker_config, behind_password.shelf.registry)
    assert behind_password.promote().digest == behind_password.tagged() == digest


@pytest.mark.parametrize("secret", ["wrong-password", None])
def test_a_wrong_password_or_none_is_refused_with_the_way_in(
    behind_password: Stand, docker_config: Path, secret: str | None
) -> None:
    behind_password.push()
    registry = behind_password.shelf.registry
    if secret is not None:
        log_in(docker_config, registry, secret)
    with pytest.raises(RegistryError, match="the registry refuses: HTTP 401") as caught:
        behind_password.promote()
    assert caught.value.status == 401
    assert f"docker login {registry}" in (caught.value.hint or "")
    assert "wrong-password" not in str(caught.value)
    assert behind_password.tagged() is None


def test_a_token_is_asked_for_what_is_done(
    behind_tokens: tuple[TokenServer, Stand], docker_config: Path
) -> None:
    tokens, stand = behind_tokens
    digest = stand.push()
    log_in(docker_config, stand.shelf.registry)
    tokens.asked.clear()
    assert stand.promote().digest == stand.tagged() == digest
    assert f"repository:{stand.shelf.path()}:pull,push" in tokens.asked


def test_who_may_only_read_can_not_promote(
    behind_tokens: tuple[TokenServer, Stand], docker_config: Path
) -> None:
    tokens, stand = behind_tokens
    stand.push()
    log_in(docker_config, stand.shelf.registry)
    tokens.actions = frozenset({"pull"})
    with pytest.raises(RegistryError, match="the registry refuses") as caught:
        stand.promote()
    assert "may write there" in (caught.value.hint or "")
    assert stand.tagged() is None


def test_a_token_server_that_is_gone_is_an_error_and_changes_nothing(
    engine: Engine, tmp_path: Path, docker_config: Path, certificate: Certificate
) -> None:
    with TokenServer(certificate=certificate) as tokens:
        auth = tokens.auth()
        with own_registry(tmp_path / "registry", auth=auth) as address:
            stand = stand_at(address, engine, tmp_path, docker_config)
            stand.push()
            log_in(docker_config, address)
            tokens.__exit__()
            with pytest.raises(RegistryError, match="can't be reached"):
                stand.promote()
    assert stand.history.builds("prod") == []


def test_a_registry_with_a_certificate_of_an_authority_of_ones_own(
    engine: Engine,
    tmp_path: Path,
    docker_config: Path,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        TokenServer(certificate=certificate, tls=True) as tokens,
        own_registry(tmp_path / "registry", tls=certificate, auth=tokens.auth()) as address,
    ):
        log_in(docker_config, address)
        stand = stand_at(address, engine, tmp_path, docker_config)
        with pytest.raises(RegistryError, match="CERTIFICATE_VERIFY_FAILED") as caught:
            stand.tagged()
        assert caught.value.hint == (
            f"put its certificate authority into /etc/docker/certs.d/{address}/ca.crt"
        )
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        digest = stand.push()
        assert stand.promote().digest == stand.tagged() == digest


def test_a_certificate_in_dockers_folder_is_trusted_for_registry_and_tokens(
    tmp_path: Path, certificate: Certificate
) -> None:
    with (
        TokenServer(certificate=certificate, tls=True) as tokens,
        own_registry(tmp_path / "registry", tls=certificate, auth=tokens.auth()) as address,
    ):
        folder = tmp_path / "certs.d" / address
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_text(certificate.file.read_text())
        endpoint = endpoint_of(address, certificates=str(folder.parent))
        shelf = GuardedShelf(address=address)
        assert endpoint == Endpoint(
            f"https://{own_address()}:{address.rpartition(':')[2]}", str(folder / "ca.crt")
        )
        assert shelf.repository(endpoint=endpoint).digest("none") is None


def test_a_certificate_for_this_machine_means_tls(tmp_path: Path) -> None:
    assert endpoint_of("localhost:1", certificates=str(tmp_path)).url == "http://localhost:1"
    folder = tmp_path / "localhost:1"
    folder.mkdir()
    (folder / "ca.crt").touch()
    assert endpoint_of("localhost:1", certificates=str(tmp_path)).url == "https://localhost:1"
