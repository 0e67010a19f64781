"""``[builders.NAME]``: its keys, and tables -> Builder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from stagebuild.config import kinds
from stagebuild.config.keypaths import Misfit, within
from stagebuild.config.keys import Key, table_of
from stagebuild.config.plain import (
    check_keys,
    expected,
    read_choice,
    read_list,
    read_members,
    read_text,
    read_text_or_list,
    read_texts,
)
from stagebuild.model.builders import DRIVERS, Builder, BuilderNode, TlsFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUILDER_NAME = r"[a-z][a-z0-9._-]*"
"""buildx makes letters small, so a capital one would be another builder than it seems."""

_TLS = {"ca": "ca", "cert": "cert", "key": "key", "server-name": "server_name"}


def _read_tls(value: object) -> TlsFiles:
    if not isinstance(value, dict):
        raise expected("a table with ca, cert and key", value)
    check_keys(value, _TLS)
    files = read_members(value, read=lambda _, path: read_text(path))
    if "ca" not in files:
        raise Misfit("tls needs ca, the certificate of the authority that signed the node's")
    if ("cert" in files) != ("key" in files):
        raise Misfit("a certificate and its key belong together: give both, or neither")
    return TlsFiles(**{_TLS[name]: path for name, path in files.items()})


_NODE: Mapping[str, Callable[[object], Any]] = {
    "name": read_text,
    "endpoint": read_text,
    "platforms": read_text_or_list,
    "driver-options": read_texts,
    "tls": _read_tls,
}


def _read_node(value: object) -> BuilderNode:
    if isinstance(value, str):
        return BuilderNode(endpoint=read_text(value))
    if not isinstance(value, dict):
        raise expected("an endpoint as text, or a table", value)
    check_keys(value, _NODE)
    members = read_members(value, read=lambda name, member: _NODE[name](member))
    return BuilderNode(**{name.replace("-", "_"): member for name, member in members.items()})


def _read_nodes(value: object) -> tuple[BuilderNode, ...]:
    nodes = read_list(value, read=_read_node, what="an endpoint, a table, or a list of these")
    if not nodes:
        raise Misfit("a builder has one node at least")
    return nodes


_TEXT = kinds.TEXT.schema
_TLS_SCHEMA = {
    "type": "object",
    "required": ["ca"],
    "properties": dict.fromkeys(_TLS, _TEXT),
    "dependentRequired": {"cert": ["key"], "key": ["cert"]},
    "additionalProperties": False,
}
_NODE_SCHEMA = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "properties": {
                "name": _TEXT,
                "endpoint": _TEXT,
                "platforms": kinds.TEXTS.schema,
                "driver-options": kinds.TEXT_MAP.schema,
                "tls": _TLS_SCHEMA,
            },
            "additionalProperties": False,
        },
    ]
}
_DRIVER = kinds.Kind(
    words=", ".join(f"`{driver}`" for driver in DRIVERS),
    read=lambda value: read_choice(value, DRIVERS),
    schema={"enum": list(DRIVERS)},
)
_NODES = kinds.Kind(
    words="endpoint as text, a table (`name`, `endpoint`, `platforms`, `driver-options`, `tls`), or"
    " a list of these",
    read=_read_nodes,
    schema={"anyOf": [_NODE_SCHEMA, {"type": "array", "items": _NODE_SCHEMA, "minItems": 1}]},
)

BUILDER_KEYS = table_of(
    Key(
        "driver",
        _DRIVER,
        "What runs BuildKit: containers of a Docker engine, pods, or whoever runs it already at an"
        " address.",
        "`docker-container`",
        '"remote"',
    ),
    Key(
        "nodes",
        _NODES,
        "The machines. An endpoint is the address of a buildkitd (`remote`), or a Docker context or"
        " host (`docker-container`). A node that names platforms gets the builds for these; `tls`"
        " has the PEM files `ca`, `cert` and `key`, and `server-name`.",
        "one, where Docker is",
        '[{ endpoint = "tcp://arm.example:1234", platforms = "linux/arm64" }]',
    ),
    Key(
        "driver-options",
        kinds.TEXT_MAP,
        "Options of the driver, as `docker buildx create --driver-opt` takes them, for every node.",
        "none",
        '{ network = "host" }',
    ),
    Key(
        "buildkitd-flags",
        kinds.TEXT,
        "Flags of the buildkitd that the driver starts.",
        "none",
        '"--debug"',
    ),
    Key(
        "buildkitd-config",
        kinds.TEXT,
        "Configuration of that buildkitd, relative to the project's folder. It is read when the"
        " builder is created; a later change of it needs `docker buildx rm`.",
        "none",
        '"buildkitd.toml"',
    ),
)


def check_builder_name(name: str) -> None:
    """Raise Misfit if buildx would not take the name, or would take it for another."""
    if name == "default":
        raise Misfit("the name is buildx's own, for the Docker engine in use: choose another")
    if not re.fullmatch(BUILDER_NAME, name):
        raise Misfit(
            "a builder's name has lower-case letters, digits and _ . -, and begins with a letter"
        )


def checked_builder(fields: Mapping[str, Any]) -> Builder:
    """
    Return the builder that has these fields.

    Raises:
        Misfit: The driver has no use for one of them, or lacks one.
    """
    builder = Builder(**fields)
    if builder.driver != "remote":
        for index, node in enumerate(builder.nodes):
            if node.tls is not None:
                raise Misfit(f"the driver {builder.driver} has no tls", "nodes", index, "tls")
        return builder
    for name in ("buildkitd_flags", "buildkitd_config"):
        if name in fields:
            raise Misfit(
                "the driver remote starts no buildkitd: configure it where it is started",
                name.replace("_", "-"),
            )
    for index, node in enumerate(builder.nodes):
        with within("nodes", index):
            if node.endpoint is None:
                raise Misfit(
                    "a node of the driver remote needs an endpoint",
                    hint='as endpoint = "tcp://HOST:1234"',
                )
    return builder
