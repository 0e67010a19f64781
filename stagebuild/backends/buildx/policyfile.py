"""The source policy that buildx reads, beside one that the user may have already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stagebuild.backends.buildx.argv import BACKEND, POLICY_NAME, POLICY_VARIABLE
from stagebuild.backends.sourcepolicy import policy_document
from stagebuild.errors import UnsupportedFeature

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_policy(locked: Mapping[str, str], folder: str, environ: Mapping[str, str]) -> str:
    """
    Write the policy for locked base images into a folder and return the file.

    Args:
        locked: Digest by image.
        folder: Where to.
        environ: Names the user's own policy, whose rules come first.

    Raises:
        UnsupportedFeature: The user's policy is not JSON.
    """
    document = policy_document(locked)
    own = environ.get(POLICY_VARIABLE)
    if own:
        try:
            with open(own, "rb") as file:  # noqa: PTH123 - pathlib is not loaded on this path
                document["rules"] = [*json.load(file)["rules"], *document["rules"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnsupportedFeature(
                f"locked base images beside the policy of {POLICY_VARIABLE}",
                backend=BACKEND,
                remedy=f"{own} must be a policy in JSON ({error}), or the variable unset",
            ) from error
    path = f"{folder}/{POLICY_NAME}"
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        json.dump(document, file)
    return path
