"""
``RUN --mount=…`` and ``RUN --device=…``: comma-separated fields, checked.

Source: moby/buildkit frontend/dockerfile/instructions/commands_runmount.go and
commands_rundevice.go; dockerfile2llb/convert_secrets.go and convert_ssh.go for the identifiers.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from stagebuild.errors import DockerfileError, did_you_mean
from stagebuild.model.csvfields import split_fields
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

_TYPES = ("bind", "cache", "secret", "ssh", "tmpfs")
_SHARINGS = ("locked", "private", "shared")
_KEYS = {
    "type": "type",
    "from": "from",
    "source": "source",
    "src": "source",
    "target": "target",
    "dst": "target",
    "destination": "target",
    "readonly": "read_only",
    "ro": "read_only",
    "readwrite": "read_write",
    "rw": "read_write",
    "required": "required",
    "size": "size",
    "id": "id",
    "sharing": "sharing",
    "mode": "mode",
    "uid": "uid",
    "gid": "gid",
    "env": "env",
}
_SWITCHES = frozenset(("read_only", "read_write", "required"))
_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))
_OWNED = frozenset(("cache", "secret", "ssh"))
_SIZE = re.compile(r"(\d+(?:\.\d+)?|\.\d+) ?([kmgtpKMGTP])?[iI]?[bB]?", re.ASCII)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_LARGEST_ID = 2**32 - 1


@frozen
class Mount:
    """
    One ``--mount`` after expansion.

    Attributes:
        type: ``bind``, ``cache``, ``tmpfs``, ``secret`` or ``ssh``.
        from_: Stage, named context or image that a bind or cache mount shows; None for the build
            context (bind) or an empty directory (cache).
        source: Path in ``from_``; for a secret, its identifier.
        target: Path in the container as written, may be relative; "" when absent.
        read_only: After BuildKit's default: bind, secret and ssh are, cache and tmpfs are not.
        id: Identifier of a cache, secret or ssh agent as written; "" when absent.
        sharing: ``shared``, ``private`` or ``locked`` of a cache, or None.
        required: The build fails without the secret or agent.
        size_bytes: Limit of a tmpfs; 0 for none.
        env: Variable that a secret is put into, "" for the default name, None for a file.
        mode: Permission bits, or None.
        uid: Owner, or None.
        gid: Group, or None.
    """

    type: str = "bind"
    from_: str | None = None
    source: str = ""
    target: str = ""
    read_only: bool = True
    id: str = ""
    sharing: str | None = None
    required: bool = False
    size_bytes: int = 0
    env: str | None = None
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None

    @property
    def effective_id(self) -> str:
        """
        The identifier that BuildKit uses when none is written.

        A secret's is its source or the last part of its target, an agent's ``default``, a
        cache's its cleaned target.
        """
        if self.type == "secret":
            return self.source or self.id or posixpath.basename(self.target.rstrip("/"))
        if self.type == "ssh":
            return self.id or "default"
        return self.id or posixpath.normpath(self.target or ".")


@frozen
class Device:
    """One ``--device``: a CDI device name, and whether the build fails without it."""

    name: str
    required: bool


def mount_from(text: str) -> str | None:
    """
    Return the ``from`` of a mount as it is written, or None.

    It is read before variables are known, because it decides which stages are built.

    Raises:
        DockerfileError: Without a place: the fields can't be read, or it holds a variable.
    """
    found = None
    for field in _fields("--mount", text):
        key, equals, value = field.partition("=")
        if key.lower() != "from" or not equals:
            continue
        if "$" in value[:-1]:
            raise DockerfileError(
                "from= of a mount can't hold a variable",
                hint="define a stage with FROM and a global ARG, and mount from that",
            )
        found = value or None
    return found


def read_mount(text: str, *, expand: Callable[[str], str]) -> Mount:
    """
    Return the mount.

    Args:
        text: The value of the flag.
        expand: Replaces the variables in the value of a field.

    Raises:
        DockerfileError: Without a place: a field is unknown, invalid or not allowed for the type.
    """
    values: dict[str, str] = {"type": "bind"}
    numbers: dict[str, int] = {}
    read_only: bool | None = None
    for field in _fields("--mount", text):
        key, value = _field(field, expand, mount_type=values["type"])
        if key in ("read_only", "read_write"):
            read_only = (value == "true") is (key == "read_only")
        elif key in ("mode", "uid", "gid"):
            numbers[key] = _number(key, value)
        elif key == "size":
            numbers["size"] = _size_bytes(value)
        else:
            values[key] = value
    kind = values["type"]
    mount = Mount(
        type=kind,
        from_=values.get("from") or None,
        source=values.get("source", ""),
        target=values.get("target", ""),
        read_only=kind not in ("cache", "tmpfs") if read_only is None else read_only,
        id=values.get("id", ""),
        sharing=values.get("sharing"),
        required=values.get("required") == "true",
        size_bytes=numbers.get("size", 0),
        env=values.get("env"),
        mode=numbers.get("mode"),
        uid=numbers.get("uid"),
        gid=numbers.get("gid"),
    )
    _check(mount)
    return mount


def read_device(text: str) -> Device:
    """
    Return the device.

    Raises:
        DockerfileError: Without a place: a field is unknown, invalid, or repeats the name.
    """
    name = ""
    required = False
    for field in _fields("--device", text):
        key, equals, value = field.partition("=")
        key = key.lower()
        if key == "required":
            required = _boolean(key, value) if equals else True
        elif key == "name" and equals:
            if name:
                raise DockerfileError(f'the device already has the name "{name}"')
            name = value
        elif not name:
            name = field
        else:
            hint = did_you_mean(key, ("name", "required")).removeprefix("; ")
            raise DockerfileError(f'unexpected field "{field}" of a device', hint=hint)
    return Device(name=name, required=required)


def _fields(flag: str, text: str) -> list[str]:
    if not text:
        raise DockerfileError(f"{flag} is empty")
    try:
        return split_fields(text)
    except ValueError as error:
        raise DockerfileError(f"{flag}={text} can't be read: {error}") from error


def _field(field: str, expand: Callable[[str], str], *, mount_type: str) -> tuple[str, str]:
    """Return one field's canonical key and its checked value, as text."""
    spelled, equals, value = field.partition("=")
    spelled = spelled.lower()
    key = _KEYS.get(spelled)
    if not equals:
        if key not in _SWITCHES:
            raise DockerfileError(f'the field "{field}" of a mount must be a key=value pair')
        value = "true"
    else:
        value = expand(value)
    if key is None:
        hint = did_you_mean(spelled, _KEYS).removeprefix("; ")
        raise DockerfileError(f'unexpected field "{field}" of a mount', hint=hint)
    allowed = {"required": ("secret", "ssh"), "size": ("tmpfs",)}.get(key)
    if allowed is not None and mount_type not in allowed:
        raise DockerfileError(
            f'"{spelled}" does not belong to a {mount_type} mount',
            hint=f"it belongs to {' and '.join(allowed)}; type= must come before it",
        )
    if key in _SWITCHES and equals:
        value = "true" if _boolean(spelled, value) else "false"
    if key in ("type", "sharing"):
        value = _choice(spelled, value, _TYPES if key == "type" else _SHARINGS)
    return key, value


def _choice(key: str, value: str, choices: tuple[str, ...]) -> str:
    if value.lower() not in choices:
        hint = did_you_mean(value, choices).removeprefix("; ")
        raise DockerfileError(f'unsupported {key} "{value}" of a mount', hint=hint)
    return value.lower()


def _boolean(key: str, value: str) -> bool:
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise DockerfileError(f'invalid value "{value}" for {key}', hint='use "true" or "false"')


def _number(key: str, value: str) -> int:
    digits, base = (re.compile("[0-7]+"), 8) if key == "mode" else (re.compile("[0-9]+"), 10)
    if not digits.fullmatch(value) or len(value) > len("37777777777"):
        number = _LARGEST_ID + 1
    else:
        number = int(value, base)
    if number > _LARGEST_ID:
        kind = "an octal number" if key == "mode" else "a number"
        raise DockerfileError(f'invalid value "{value}" for {key}', hint=f"it is {kind}")
    return number


def _size_bytes(value: str) -> int:
    found = _SIZE.fullmatch(value)
    if found is None or len(value) > len("9223372036854775807"):
        raise DockerfileError(f'invalid value "{value}" for size', hint="write it as 64m or 1g")
    return int(float(found[1]) * 1024 ** _POWERS.get((found[2] or "").lower(), 0))


def _check(mount: Mount) -> None:
    owned = any(value is not None for value in (mount.mode, mount.uid, mount.gid))
    if owned and mount.type not in _OWNED:
        raise DockerfileError(f"mode, uid and gid are not allowed for a {mount.type} mount")
    if mount.sharing is not None and mount.type != "cache":
        raise DockerfileError(f"sharing is not allowed for a {mount.type} mount")
    if mount.type == "ssh" and mount.source:
        raise DockerfileError("source is not allowed for an ssh mount")
    if mount.type != "secret":
        return
    if mount.from_ is not None:
        raise DockerfileError("from is not allowed for a secret mount")
    if not (mount.source or mount.target or mount.id):
        raise DockerfileError("a secret mount needs an id, a source or a target")
    if mount.source and mount.id:
        raise DockerfileError("a secret mount can't have both a source and an id")
