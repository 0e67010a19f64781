"""
The kinds of value that a key may have: how each is read, how its JSON Schema says it, in words.

A reader takes what ``tomllib`` made of the text and returns the model's value, or raises Misfit
with the place below the key and with what was expected and found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from stagebuild.config import entries
from stagebuild.config.plain import (
    read_choice,
    read_combinations,
    read_count,
    read_duration,
    read_flag,
    read_matrix,
    read_size,
    read_text,
    read_text_or_list,
    read_texts,
)
from stagebuild.model.budget import BUDGET_KEYS, BUDGET_LISTS

Schema = Mapping[str, Any]

GIT_METADATA = ("labels", "annotations", "both", "none")
NETWORKS = ("default", "none", "host")

_TEXT: Schema = {"type": "string", "minLength": 1}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_COUNT: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": "^[0-9]+$"},
    ]
}
_NAMES: Schema = {"minLength": 1}
_VARIABLE: Schema = {"type": "string", "pattern": r"\$\{"}


class Kind(NamedTuple):
    """
    One kind of value.

    A named tuple, as are the other records here that no user makes: it is defined six times
    quicker than a dataclass, which the start-up time shows.

    Attributes:
        words: For people: ``text``, ``list of text``.
        read: Returns the model's value; raises Misfit.
        schema: Its JSON Schema.
        listed: Whether ``--set KEY+=VALUE`` can add to it.
        keyed: Whether ``--set KEY.NAME=VALUE`` can set one member of it.
        nested: Whether such a member may be a list or a table itself.
        divided: Whether a comma on the command line divides two values.
    """

    words: str
    read: Callable[[object], Any]
    schema: Schema
    listed: bool = False
    keyed: bool = False
    nested: bool = False
    divided: bool = False


def _one_or_list(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _map(member: Schema) -> Schema:
    return {"type": "object", "propertyNames": _NAMES, "additionalProperties": member}


def _typed_table(types: tuple[str, ...]) -> Schema:
    return {
        "type": "object",
        "required": ["type"],
        "propertyNames": _NAMES,
        "properties": {"type": {"enum": list(types)}},
        "additionalProperties": _SCALAR,
    }


def _table(properties: Mapping[str, Schema], *, required: int = 0) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        **({"minProperties": required, "maxProperties": required} if required else {}),
    }


TEXT = Kind(words="text", read=read_text, schema=_TEXT)
FLAG = Kind(words="true or false", read=read_flag, schema={"type": "boolean"})
SIZE = Kind(
    words="size as text (`64m`), or a number of bytes",
    read=read_size,
    schema={"anyOf": [_TEXT, {"type": "integer", "minimum": 0}]},
)
COUNT = Kind(words="whole number, 0 or more", read=read_count, schema=_COUNT)
DURATION = Kind(
    words="duration as text (`90s`, `1h30m`), or a number of seconds",
    read=read_duration,
    schema={"anyOf": [_TEXT, {"type": "number", "exclusiveMinimum": 0}]},
)
GIT_STAMPS = Kind(
    words="one of " + ", ".join(f"`{name}`" for name in GIT_METADATA),
    read=lambda value: read_choice(value, GIT_METADATA),
    schema={"anyOf": [{"enum": list(GIT_METADATA)}, _VARIABLE]},
)
NETWORK = Kind(
    words="`default`, `none` or `host`",
    read=lambda value: read_choice(value, NETWORKS),
    schema={"anyOf": [{"enum": list(NETWORKS)}, _VARIABLE]},
)
TEXTS = Kind(
    words="text, or a list of text",
    read=read_text_or_list,
    schema=_one_or_list(_TEXT),
    listed=True,
    divided=True,
)
TEXT_MAP = Kind(
    words="table of text, numbers or booleans by name",
    read=read_texts,
    schema=_map(_SCALAR),
    keyed=True,
)
MATRIX = Kind(
    words="table of a value or a list of values by name",
    read=read_matrix,
    schema=_map(_one_or_list(_SCALAR)),
    keyed=True,
    nested=True,
)
COMBINATIONS = Kind(
    words="table of values by name, or a list of these",
    read=read_combinations,
    schema=_one_or_list(_map(_SCALAR)),
    listed=True,
)
BUILD_ARGS = Kind(
    words="table of text, numbers, booleans or `{ env = NAME }` by name",
    read=entries.read_build_args,
    schema=_map({"anyOf": [_SCALAR, _table({"env": _TEXT}, required=1)]}),
    keyed=True,
)
CACHES = Kind(
    words="text as for buildx, a table with `type`, or a list of these",
    read=entries.read_caches,
    schema=_one_or_list({"anyOf": [_TEXT, _typed_table(entries.CACHE_TYPES)]}),
    listed=True,
)
CACHE = Kind(
    words="`registry`, `local`, `gha`, `s3`, `azblob`, `inline` or `none`, or a table with `type`",
    read=entries.read_cache_word,
    schema={
        "anyOf": [
            {"enum": [*entries.CACHE_TYPES, "none"]},
            _typed_table((*entries.CACHE_TYPES, "none")),
        ]
    },
    nested=True,
)
OUTPUTS = Kind(
    words="text as for buildx, a table with `type`, or a list of these",
    read=entries.read_outputs,
    schema=_one_or_list({"anyOf": [_TEXT, _typed_table(entries.OUTPUT_TYPES)]}),
    listed=True,
)
SECRETS = Kind(
    words="table of `{ env = NAME }`, `{ file = PATH }` or `{ command = TEXT }` by id, or text as"
    " for buildx, or a list",
    read=entries.read_secrets,
    schema={
        "anyOf": [
            _map(_table({"env": _TEXT, "file": _TEXT, "command": _TEXT}, required=1)),
            *_one_or_list(_TEXT)["anyOf"],
        ]
    },
    listed=True,
    keyed=True,
    nested=True,
)
SSH = Kind(
    words="table of paths by id (none: the agent), or text as for buildx, or a list",
    read=entries.read_ssh,
    schema={"anyOf": [_map(_one_or_list(_TEXT)), *_one_or_list(_TEXT)["anyOf"]]},
    listed=True,
    keyed=True,
    nested=True,
)
ATTESTATIONS = Kind(
    words="table with `provenance` and `sbom`, each true, false, text or a table; or text as for"
    " buildx, or a list",
    read=entries.read_attestations,
    schema={
        "anyOf": [
            _table(
                {
                    kind: {"anyOf": [{"type": "boolean"}, _TEXT, _map(_SCALAR)]}
                    for kind in entries.ATTESTATION_TYPES
                }
            ),
            *_one_or_list(_TEXT)["anyOf"],
        ]
    },
    listed=True,
    keyed=True,
    nested=True,
)
RETRY_LIMITS = Kind(
    words="table of whole numbers by " + ", ".join(f"`{name}`" for name in entries.RETRIED),
    read=entries.read_retry_limits,
    schema=_table(dict.fromkeys(entries.RETRIED, _COUNT)),
    keyed=True,
)
ULIMITS = Kind(
    words="table of a number, `soft:hard` or `{ soft = N, hard = N }` by name",
    read=entries.read_ulimits,
    schema=_map(
        {
            "anyOf": [
                {"type": "integer"},
                {"type": "string", "pattern": "^-?[0-9]+(:-?[0-9]+)?$"},
                _table({"soft": {"type": "integer"}, "hard": {"type": "integer"}}, required=2),
            ]
        }
    ),
    keyed=True,
    nested=True,
)
_BUDGET_NUMBER: Schema = {"type": ["string", "number"]}
BUDGET = Kind(
    words="table with `size`, `growth`, `layers`, `forbid`, `user`, `labels`, `max-duration`,"
    " `min-cached`",
    read=entries.read_budget,
    schema=_table(
        {key: _one_or_list(_TEXT) if key in BUDGET_LISTS else _BUDGET_NUMBER for key in BUDGET_KEYS}
    ),
    keyed=True,
    nested=True,
)
