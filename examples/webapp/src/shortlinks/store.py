"""Links in a SQLite file."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS link (
    code    TEXT PRIMARY KEY,
    url     TEXT NOT NULL,
    visits  INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) STRICT
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A short code and where it leads; ``created`` is UTC, ISO 8601."""

    code: str
    url: str
    visits: int
    created: str


class Store:
    """Every link of one database file. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Create the file and its table where they do not exist."""
        self._path = path
        with self._transaction() as database:
            # Readers do not wait for the writer, which matters with several gunicorn workers.
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(SCHEMA)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=5)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def add(self, url: str) -> Link:
        """Return a new link to ``url``."""
        code = secrets.token_urlsafe(5)
        with self._transaction() as database:
            row = database.execute(
                "INSERT INTO link (code, url) VALUES (?, ?) RETURNING *", (code, url)
            ).fetchone()
        return Link(**row)

    def newest(self, limit: int = 20) -> list[Link]:
        """Return the newest links, newest first."""
        with self._transaction() as database:
            rows = database.execute(
                "SELECT * FROM link ORDER BY created DESC, rowid DESC LIMIT ?", (limit,)
            ).fetchall()
        return [Link(**row) for row in rows]

    def visit(self, code: str) -> Link | None:
        """Count a visit and return the link, or None where there is no such code."""
        with self._transaction() as database:
            row = database.execute(
                "UPDATE link SET visits = visits + 1 WHERE code = ? RETURNING *", (code,)
            ).fetchone()
        return Link(**row) if row else None

    def ping(self) -> None:
        """Read from the database; raises ``sqlite3.Error`` when it cannot be read."""
        with self._transaction() as database:
            database.execute("SELECT 1 FROM link LIMIT 1").fetchone()
