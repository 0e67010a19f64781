"""
A source policy: which base images, URLs and repositories a build may use, and what instead.

BuildKit reads it as a message; people write it as JSON, in a file that the variable
``EXPERIMENTAL_BUILDKIT_SOURCE_POLICY`` names, as for buildx.

Source: docker/buildx build/build.go (ReadSourcePolicy); moby/buildkit sourcepolicy/pb.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stagebuild.backends.base import SolveFailed
from stagebuild.backends.sourcepolicy import VERSION, policy_document
from stagebuild.buildkit.messages_policy import (
    ACTIONS,
    CONDITIONS,
    MATCHES,
    Constraint,
    Rule,
    Selector,
    SourcePolicy,
    Update,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"


def source_policy(environ: Mapping[str, str], locked: Mapping[str, str]) -> bytes:
    """
    Return the policy as a solve's request has it; empty when there is none.

    Args:
        environ: Names the user's own policy, whose rules come first.
        locked: Digest by base image.

    Raises:
        SolveFailed: The file can't be read, or is no policy.
    """
    rules = tuple(map(_rule, policy_document(locked)["rules"]))
    path = environ.get(VARIABLE)
    if not path:
        return SourcePolicy(version=VERSION, rules=rules).encode() if rules else b""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not loaded on this path
            said = json.load(file)
        own = tuple(map(_rule, said.get("rules") or ()))
        return SourcePolicy(version=int(said.get("version") or 0), rules=(*own, *rules)).encode()
    except OSError as error:
        raise SolveFailed(f"{VARIABLE}: {path}: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise SolveFailed(f"{VARIABLE}: {path} is no source policy: {error}") from error


def _rule(said: Mapping[str, Any]) -> Rule:
    selector, updates = said.get("selector") or {}, said.get("updates")
    constraints = tuple(
        Constraint(
            key=str(one.get("key", "")),
            value=str(one.get("value", "")),
            condition=_number(one.get("condition"), CONDITIONS),
        )
        for one in selector.get("constraints") or ()
    )
    return Rule(
        action=_number(said.get("action"), ACTIONS),
        selector=Selector(
            identifier=str(selector.get("identifier", "")),
            match_type=_number(selector.get("match_type", selector.get("matchType")), MATCHES),
            constraints=constraints,
        ),
        updates=None
        if updates is None
        else Update(
            identifier=str(updates.get("identifier", "")), attrs=dict(updates.get("attrs") or {})
        ),
    )


def _number(said: object, names: tuple[str, ...]) -> int:
    """
    Return an enumeration's number, which may be written as its name.

    Raises:
        ValueError: It is neither.
    """
    if said is None:
        return 0
    if isinstance(said, int):
        return said
    if said in names:
        return names.index(str(said))
    raise ValueError(f"{said!r} is none of {', '.join(names)}")
