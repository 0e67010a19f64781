"""What differs from one environment to the next, read from the process environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one instance of the service runs.

    Attributes:
        environment: Name shown on the page, as ``staging``.
        log_level: As ``info``.
        database: The SQLite file; it is created when it does not exist.
        assets: The folder that the asset build wrote.

    """

    environment: str = "dev"
    log_level: str = "info"
    database: Path = Path("shortlinks.db")
    assets: Path = Path("assets/dist")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings in ``APP_ENV``, ``LOG_LEVEL``, ``DATABASE`` and ``ASSETS``."""
        return cls(
            environment=environ.get("APP_ENV", "dev"),
            log_level=environ.get("LOG_LEVEL", "info"),
            database=Path(environ.get("DATABASE", "shortlinks.db")),
            assets=Path(environ.get("ASSETS", "assets/dist")),
        )
