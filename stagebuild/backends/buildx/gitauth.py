"""
Git contexts with a password in their URL, told to buildx without it.

An argv can be read by every user of the machine. BuildKit takes what git is to say of itself from
a secret of the build that is called by the host, so the password goes there, and to buildx through
the environment.

Source: moby/buildkit source/git/source.go, authSecretNames and getAuthToken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.values import field, frozen, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.planning.spec import BuildSpec

_GIT_URL = r"(?P<scheme>https?://)(?P<user>[^/@\s]+)@(?P<rest>(?P<host>[^/\s]+)/[^#?\s]*\.git\b.*)"
_SECRET = "GIT_AUTH_HEADER"  # noqa: S105 - a name
_VARIABLE = "STAGEBUILD_GIT_AUTH"


@frozen
class GitAuth:
    """
    What is said in another way.

    Attributes:
        spec: With URLs that hold no password.
        variables: Names of variables by the id of the secret that each holds.
        added: Values of these variables.
    """

    spec: BuildSpec
    variables: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)


def without_git_passwords(spec: BuildSpec) -> GitAuth:
    """
    Return the spec without passwords in Git URLs, and the secrets that replace them.

    A secret of the same id that the spec has itself wins, and its host's URLs stay as they are.
    """
    urls = [spec.context, *spec.contexts.values()]
    if not any("@" in url for url in urls):
        return GitAuth(spec=spec)
    headers: dict[str, str] = {}

    def plain(url: str) -> str:
        found = re.fullmatch(_GIT_URL, url)
        if found is None or f"{_SECRET}.{found['host']}" in spec.secrets:
            return url
        headers[f"{_SECRET}.{found['host']}"] = _header(found["user"])
        return f"{found['scheme']}{found['rest']}"

    context = plain(spec.context)
    contexts = {name: plain(url) for name, url in spec.contexts.items()}
    variables = {secret: f"{_VARIABLE}_{number}" for number, secret in enumerate(headers)}
    return GitAuth(
        spec=replaced(spec, context=context, contexts=contexts),
        variables=variables,
        added={variables[secret]: value for secret, value in headers.items()},
    )


def _header(user: str) -> str:
    """Return the value of HTTP's ``Authorization`` for what stands before the ``@`` of a URL."""
    from binascii import b2a_base64  # noqa: PLC0415 - rare
    from urllib.parse import unquote  # noqa: PLC0415

    name, _, password = user.partition(":")
    said = f"{unquote(name)}:{unquote(password)}".encode()
    return f"basic {b2a_base64(said, newline=False).decode()}"
