"""
The tables of what builds were made from: step keys that a builder has had, and listings of files.

Every function works on an open connection, inside of the caller's transaction where it writes.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from stagebuild.history.records import BuildRecord

MOST_LISTED_BYTES = 32 * 1024 * 1024
"""What listings may take; those not seen for longest go first."""

_AT_ONCE = 400


def remember_keys(connection: sqlite3.Connection, record: BuildRecord) -> None:
    """Note that the record's builder has the results of its steps."""
    connection.executemany(
        "INSERT INTO step_keys (key, builder, seen_s) VALUES (?, ?, ?)"
        " ON CONFLICT (key, builder) DO UPDATE SET seen_s = max(seen_s, excluded.seen_s)",
        [(step.key, record.builder or "", record.started_s) for step in record.prints],
    )


def known_keys(
    connection: sqlite3.Connection, keys: Sequence[str], builder: str | None
) -> set[str]:
    """Return those of the keys that a builder has had; None means any builder."""
    found: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        where = "" if builder is None else " AND builder = ?"
        rows = connection.execute(
            f"SELECT key FROM step_keys WHERE key IN ({marks}){where}",  # noqa: S608 - marks alone
            some if builder is None else [*some, builder],
        )
        found.update(key for (key,) in rows)
    return found


def forget_keys(connection: sqlite3.Connection) -> None:
    """Forget keys that no build left was made with."""
    connection.execute(
        "DELETE FROM step_keys WHERE seen_s < (SELECT coalesce(min(started_s), 1e99) FROM builds)"
    )


def remember_listings(
    connection: sqlite3.Connection, listings: Mapping[str, Mapping[str, str]], *, seen_s: float
) -> None:
    """Keep listings by their digests, and forget the oldest when they take too much."""
    if not listings:
        return
    connection.executemany(
        "INSERT INTO selections (digest, seen_s, listing) VALUES (?, ?, ?)"
        " ON CONFLICT (digest) DO UPDATE SET seen_s = excluded.seen_s",
        [
            (digest, seen_s, zlib.compress(json.dumps(files).encode(), 1))
            for digest, files in listings.items()
        ],
    )
    connection.execute(
        "DELETE FROM selections WHERE digest IN (SELECT digest FROM (SELECT digest,"
        " sum(length(listing)) OVER (ORDER BY seen_s DESC, digest) AS taken FROM selections)"
        " WHERE taken > ?)",
        (MOST_LISTED_BYTES,),
    )


def listing(connection: sqlite3.Connection, digest: str) -> Mapping[str, str] | None:
    """Return the files of a selection, or None when they are not known."""
    row = connection.execute(
        "SELECT listing FROM selections WHERE digest = ?", (digest,)
    ).fetchone()
    if row is None:
        return None
    found: dict[str, str] = json.loads(zlib.decompress(row[0]))
    return found


def has_listing(connection: sqlite3.Connection, digest: str) -> bool:
    """Say whether the files of a selection are known."""
    found = connection.execute("SELECT 1 FROM selections WHERE digest = ?", (digest,)).fetchone()
    return found is not None
