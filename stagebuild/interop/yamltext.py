"""YAML text -> what it holds; the library is imported when a file is read."""

from __future__ import annotations

from typing import Any


def read_yaml(text: str) -> dict[str, Any]:
    """
    Return the table that a YAML document is; empty for another one.

    Raises:
        ValueError: It is no YAML.
    """
    import yaml  # noqa: PLC0415 - see above

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML: {error}") from error
    return document if isinstance(document, dict) else {}
