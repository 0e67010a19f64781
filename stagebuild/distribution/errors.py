"""What a registry that is asked can do instead of answering."""

from __future__ import annotations

from stagebuild.errors import StagebuildError


class RegistryError(StagebuildError):
    """
    A registry that stagebuild itself asked could not be reached, or refused.

    Attributes:
        reference: The image concerned, with its tag or digest as far as there is one.
        status: The HTTP status, 401 say, or None where there was no answer.
    """

    def __init__(
        self, message: str, *, reference: str, status: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.reference = reference
        self.status = status

    def __str__(self) -> str:
        return f"{self.reference}: {super().__str__()}"
