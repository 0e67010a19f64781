"""The configuration's JSON Schema, for editors: from the same definitions that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.config.builders import BUILDER_KEYS, BUILDER_NAME
from stagebuild.config.definitions import (
    BUILT_INS,
    CHECK_KEYS,
    ENVIRONMENT_KEYS,
    ENVIRONMENT_NAME,
    IMAGE_KEYS,
    IMAGE_NAME,
    PROJECT_KEYS,
    TABLES,
    VARIABLE_NAME,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.config.keys import Key


def schema() -> dict[str, Any]:
    """
    Return the JSON Schema (draft 2020-12) of ``stagebuild.toml``.

    It accepts whatever the reader accepts; the reader refuses a little more, such as broken short
    texts of cache entries.
    """
    variables = {
        "type": "object",
        "description": TABLES["variables"],
        "propertyNames": {
            "pattern": f"^{VARIABLE_NAME}$",
            "not": {"enum": [name for name in BUILT_INS if "." not in name]},
        },
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    }
    environments = {
        "type": "object",
        "description": TABLES["environments"],
        "propertyNames": {"pattern": f"^{ENVIRONMENT_NAME}$"},
        "additionalProperties": _table(ENVIRONMENT_KEYS),
    }
    images = {
        "type": "object",
        "description": TABLES["images"],
        "propertyNames": {"pattern": f"^{IMAGE_NAME}$"},
        "additionalProperties": _table(IMAGE_KEYS),
    }
    builders = {
        "type": "object",
        "description": TABLES["builders"],
        "propertyNames": {"pattern": f"^{BUILDER_NAME}$", "not": {"const": "default"}},
        "additionalProperties": _table(BUILDER_KEYS),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "stagebuild.toml",
        "type": "object",
        "properties": {
            "project": {"description": TABLES["project"], **_table(PROJECT_KEYS)},
            "variables": variables,
            "environments": environments,
            "images": images,
            "builders": builders,
            "checks": {"description": TABLES["checks"], **_table(CHECK_KEYS)},
        },
        "additionalProperties": False,
    }


def _table(keys: Mapping[str, Key]) -> dict[str, Any]:
    properties = {
        name: {"description": f"{key.doc} Default: {key.default}.", **key.kind.schema}
        for name, key in keys.items()
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}
