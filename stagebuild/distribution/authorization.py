"""What a registry wants to see before it answers: a password, or a token that one gets for it."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from stagebuild.distribution.transport import exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


def basic(auth: tuple[str, str]) -> str:
    """Return the header for user name and password."""
    return "Basic " + b64encode(":".join(auth).encode()).decode()


def answer_to(
    challenge: str,
    auth: tuple[str, str],
    scopes: Sequence[str],
    *,
    authority: str | None = None,
) -> str:
    """
    Return the ``Authorization`` header that a ``WWW-Authenticate`` asks for.

    Args:
        challenge: The latter's value.
        auth: User name and secret; an identity token has an empty user name.
        scopes: What will be done, as ``repository:shop:pull,push``; what the challenge names is
            asked for besides.
        authority: File of a certificate authority that the token server's certificate may be of;
            the registry's, as for engines.

    Raises:
        Refused: The token server does not give a token.
        OSError: It can't be reached.
        ValueError: It can't be understood.
    """
    if not challenge.lower().startswith("bearer"):
        return basic(auth)
    parameters = dict(_PARAMETER.findall(challenge))
    realm = parameters.pop("realm", "")
    asked = [*filter(None, (parameters.pop("scope", ""),)), *scopes]
    service = parameters.get("service", "")
    user, secret = auth
    if not user and secret:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": "stagebuild",
            "refresh_token": secret,
            "scope": " ".join(dict.fromkeys(asked)),
        }
        answer = exchange(
            "POST", realm, headers={}, data=urlencode(form).encode(), authority=authority
        )
    else:
        query = [("service", service), *(("scope", scope) for scope in dict.fromkeys(asked))]
        headers = {"Authorization": basic(auth)} if user else {}
        answer = exchange(
            "GET", f"{realm}?{urlencode(query)}", headers=headers, authority=authority
        )
    document = json.loads(answer.read())
    token = document.get("token") or document.get("access_token")
    if not isinstance(token, str):
        raise ValueError(f"{realm} answered without a token")  # noqa: TRY004 - its content
    return f"Bearer {token}"
