"""What a promotion is, before and after it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from stagebuild.history.records import BuildRecord
    from stagebuild.model import Digest


@frozen
class TagMove:
    """
    One tag that the image gets.

    Attributes:
        tag: Whole reference, as ``registry.example/shop:prod``.
        before: What it stands for now, or None where there is no such tag yet.
    """

    tag: str
    before: Digest | None


@frozen
class Promotion:
    """
    An image that goes from one environment to another.

    Attributes:
        source: The environment that runs it, as ``staging``.
        target: The environment that gets it, as ``prod``.
        digest: Of its manifest or index.
        repository: Where it is, as ``registry.example/shop``.
        moves: The tags that it gets, in the order of the configuration.
        gates: What it has passed that was required, in order.
        record: The build that made it.
        notes: What somebody should know before it is done: that its build args were others', say.
    """

    source: str
    target: str
    digest: Digest
    repository: str
    moves: tuple[TagMove, ...]
    gates: tuple[str, ...]
    record: BuildRecord
    notes: tuple[str, ...] = ()

    @property
    def references(self) -> tuple[str, ...]:
        """``repository@digest`` of every repository that has a tag of it, each once."""
        names = (move.tag.rpartition(":")[0] for move in self.moves)
        return tuple(dict.fromkeys(f"{name}@{self.digest}" for name in names))
