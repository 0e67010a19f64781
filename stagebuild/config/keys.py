"""One key of the configuration, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from stagebuild.config.kinds import Kind


class Key(NamedTuple):
    """
    One key.

    Attributes:
        name: As written in the file, ``build-args``.
        kind: What values it takes.
        doc: What it means, in one or two sentences.
        default: What its absence means, in words.
        example: A value in TOML.
    """

    name: str
    kind: Kind
    doc: str
    default: str
    example: str

    @property
    def field(self) -> str:
        """The field of the model that it sets."""
        return FIELDS.get(self.name) or self.name.replace("-", "_")


# Where the field is not called like the key.
FIELDS = {"output": "outputs"}


def table_of(*keys: Key) -> dict[str, Key]:
    """Return the keys by name."""
    return {key.name: key for key in keys}
