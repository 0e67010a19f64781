"""Why an image is not promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import StagebuildError

if TYPE_CHECKING:
    from collections.abc import Sequence


class PromotionRefused(StagebuildError):
    """
    An image may not be promoted: nothing says that it passed the gates.

    Attributes:
        digest: Of the image, or None where there is none.
        gates: The gates that it is not known to have passed, in order; empty where the image
            itself is not known.
    """

    def __init__(
        self,
        message: str,
        *,
        digest: str | None = None,
        gates: Sequence[str] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.digest = digest
        self.gates = tuple(gates)
