"""
What an environment lists: cache imports and exports, outputs, secrets, ssh, attestations, ulimits.

Each is a frozen value that can be written in Python, and parsed from the short text form which
buildx's option of the same name takes (``type=registry,ref=…``), so that what people know works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from stagebuild.model.csvfields import join_fields, parse_pairs, split_fields
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHE_TYPES = ("azblob", "gha", "inline", "local", "registry", "s3")
OUTPUT_TYPES = ("cacheonly", "docker", "image", "local", "oci", "registry", "tar")
RETRIED = (
    "registry-busy",
    "registry-error",
    "network",
    "registry-conflict",
    "builder",
    "builder-gone",
    "step",
)
"""Classes of failure after which a build may be tried again."""

ATTESTATION_TYPES = ("provenance", "sbom")


def _typed(text: str, kinds: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Return type and remaining attributes of a ``type=…`` record."""
    attributes = parse_pairs(text)
    kind = attributes.pop("type", "")
    if kind not in kinds:
        given = f'type "{kind}"' if kind else "no type"
        raise ValueError(f"{given} in {text!r}; the types are: {', '.join(kinds)}")
    return kind, attributes


@frozen
class CacheEntry:
    """
    One cache import or export.

    Attributes:
        type: One of CACHE_TYPES.
        attributes: The rest, as ``{"ref": "registry.example/shop:cache", "mode": "max"}``.
    """

    type: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Return the entry for ``type=…,…``, or for a bare image reference (a registry cache).

        Raises:
            ValueError: The type is unknown, or the text has another form.
        """
        if "=" not in text:
            return cls(type="registry", attributes={"ref": text})
        kind, attributes = _typed(text, CACHE_TYPES)
        return cls(type=kind, attributes=attributes)

    def __str__(self) -> str:
        return join_fields([f"type={self.type}", *(f"{k}={v}" for k, v in self.attributes.items())])


@frozen
class Output:
    """
    Where the result of a build goes.

    Attributes:
        type: One of OUTPUT_TYPES.
        dest: Folder (``local``) or file (``tar``, ``oci``, ``docker``); None where there is none.
        attributes: The rest, as ``{"compression": "zstd"}``.
    """

    type: str
    dest: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Return the output for ``type=…,dest=…,…``, or for a bare folder (type ``local``).

        Raises:
            ValueError: The type is unknown, or the text has another form.
        """
        if "=" not in text:
            if not text.strip():
                raise ValueError("an output needs a type or a folder")
            return cls(type="local", dest=text)
        kind, attributes = _typed(text, OUTPUT_TYPES)
        return cls(type=kind, dest=attributes.pop("dest", None), attributes=attributes)

    @property
    def pushes(self) -> bool:
        """Whether a registry gets the image."""
        return self.type == "registry" or self.attributes.get("push", "") in ("true", "1")

    def __str__(self) -> str:
        dest = [] if self.dest is None else [f"dest={self.dest}"]
        rest = (f"{key}={value}" for key, value in self.attributes.items())
        return join_fields([f"type={self.type}", *dest, *rest])


@frozen
class Secret:
    """
    A build secret, by where it comes from; its value is never held in the plan.

    Exactly one source is set.

    Attributes:
        env: Name of the environment variable that holds it.
        file: Path of the file that holds it, relative to the project's folder.
        command: What prints it, as ``op read op://ci/pip/token``; split as a shell would, and run
            without one, once in a run. A line end after it is no part of the secret.
    """

    env: str | None = None
    file: str | None = None
    command: str | None = None

    def __post_init__(self) -> None:
        if [self.env, self.file, self.command].count(None) != 2:  # noqa: PLR2004 - two of three
            raise ValueError('a secret has one source: "env", "file" or "command"')
        if self.command is not None and not self.command.strip():
            raise ValueError("the command of a secret is empty")

    @classmethod
    def parse(cls, text: str) -> tuple[str, Self]:
        """
        Return id and secret for ``id=…[,env=…|,src=…|,command=…]``.

        Without a source the id names the variable, too.

        Raises:
            ValueError: There is no id, or more than one source.
        """
        pairs = parse_pairs(text)
        identifier = pairs.pop("id", "")
        if not identifier:
            raise ValueError(f"a secret needs an id: id=NAME,env=VARIABLE, not {text!r}")
        pairs.pop("type", None)
        source = pairs.pop("source", pairs.pop("src", pairs.pop("file", None)))
        variable = pairs.pop("env", None)
        command = pairs.pop("command", None)
        if pairs:
            raise ValueError(f'a secret has no "{next(iter(pairs))}": id, env, src, command')
        if source is None and variable is None and command is None:
            variable = identifier
        return identifier, cls(env=variable, file=source, command=command)


@frozen
class SshForward:
    """
    An ssh agent or keys made available to ``RUN --mount=type=ssh``.

    Attributes:
        paths: Agent socket, or private key files; empty means the agent at ``SSH_AUTH_SOCK``.
    """

    paths: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> tuple[str, Self]:
        """Return id and forward for ``default`` or ``id=path[,path…]``."""
        identifier, equals, paths = text.partition("=")
        return identifier, cls(paths=tuple(split_fields(paths)) if equals else ())


@frozen
class Attestation:
    """
    A statement that BuildKit attaches to the image.

    Attributes:
        type: One of ATTESTATION_TYPES.
        attributes: As ``{"mode": "max"}`` for provenance, ``{"generator": …}`` for an SBOM.
    """

    type: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Return the attestation for ``type=provenance,mode=max``.

        Raises:
            ValueError: The type is unknown, or the text has another form.
        """
        kind, attributes = _typed(text, ATTESTATION_TYPES)
        return cls(type=kind, attributes=attributes)

    def __str__(self) -> str:
        return join_fields([f"type={self.type}", *(f"{k}={v}" for k, v in self.attributes.items())])


@frozen
class Ulimit:
    """
    A resource limit of RUN steps.

    Attributes:
        soft: Soft limit; -1 for none.
        hard: Hard limit; -1 for none.
    """

    soft: int
    hard: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Return the limit for ``1024`` or ``1024:2048``.

        Raises:
            ValueError: It is no number, or soft is above hard.
        """
        soft_text, colon, hard_text = text.partition(":")
        try:
            soft = int(soft_text)
            hard = int(hard_text) if colon else soft
        except ValueError as error:
            raise ValueError(f'"{text}" is not a limit such as 1024 or 1024:2048') from error
        if hard != -1 and (soft > hard or soft == -1):
            raise ValueError(f"the soft limit {soft} is above the hard limit {hard}")
        return cls(soft=soft, hard=hard)

    def __str__(self) -> str:
        return f"{self.soft}:{self.hard}"
