"""
Credentials of registries, from Docker's configuration and its helpers, by docker-py.

Source: docker/cli cli/config/credentials; moby/buildkit session/auth/authprovider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.backends.sdk.dockerconfig import DockerConfig

# BuildKit asks for Docker Hub by the first of these; credentials are kept under the second.
_HUB_HOSTS = ("registry-1.docker.io", "docker.io", "index.docker.io")
_HUB_KEY = "https://index.docker.io/v1/"
_STORES = ("auths", "credHelpers", "credsStore")


def credentials(config: DockerConfig, host: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """
    Return user name and secret for a registry; an identity token has an empty user name.

    Args:
        config: Docker's.
        host: As BuildKit names the registry.
        environ: The process environment, which credential helpers get.

    Returns:
        Two empty strings where nothing is configured.

    Raises:
        OSError: A helper failed.
    """
    if not any(config.content.get(store) for store in _STORES):
        return "", ""
    from docker.auth import AuthConfig  # noqa: PLC0415 - 150 ms, see the package
    from docker.errors import DockerException  # noqa: PLC0415

    key = _HUB_KEY if host in _HUB_HOSTS else host
    auth = AuthConfig.load_config(None, dict(config.content), credstore_env=dict(environ))
    try:
        found = auth.resolve_authconfig(key) or {}
    except DockerException as error:
        raise OSError(str(error)) from error
    token = found.get("IdentityToken") or found.get("identitytoken")
    if token:
        return "", token
    return (
        found.get("Username") or found.get("username") or "",
        found.get("Password") or found.get("password") or "",
    )
