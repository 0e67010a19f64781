"""Lines by key path, found only when an error asks for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class LazyLines(Mapping[str, int]):
    """
    ``positions.lines_of_keys`` of a document, computed when it is first looked at.

    Keys outside of ``prefix`` are left out, and it is taken off the others: a ``pyproject.toml``
    holds the configuration below ``tool.stagebuild``.
    """

    def __init__(self, text: str, *, prefix: str = "") -> None:
        self._text = text
        self._prefix = prefix
        self._lines: dict[str, int] | None = None

    def _scanned(self) -> dict[str, int]:
        if self._lines is None:
            from stagebuild.config.positions import lines_of_keys  # noqa: PLC0415 - for errors only

            self._lines = {
                key.removeprefix(self._prefix): line
                for key, line in lines_of_keys(self._text).items()
                if key.startswith(self._prefix)
            }
        return self._lines

    def __getitem__(self, key: str) -> int:
        return self._scanned()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scanned())

    def __len__(self) -> int:
        return len(self._scanned())
