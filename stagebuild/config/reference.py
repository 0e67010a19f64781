"""
The tables of ``docs/reference/configuration.md``, from the definitions.

``python -m stagebuild.config.reference docs/reference/configuration.md`` writes them between the
page's markers, ``<!-- begin: environments -->`` and ``<!-- end: environments -->``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.config.builders import BUILDER_KEYS
from stagebuild.config.definitions import (
    BUILT_INS,
    CHECK_KEYS,
    ENVIRONMENT_KEYS,
    IMAGE_KEYS,
    PROJECT_KEYS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stagebuild.config.keys import Key


def with_tables(page: str) -> str:
    """
    Return the page with its tables as the definitions have them now.

    Raises:
        KeyError: The page has a marker for a table that there is not.
    """
    tables = {
        "project": "\n\n".join(_section(key, "project") for key in PROJECT_KEYS.values()),
        "environments": "\n\n".join(
            _section(key, "environments.NAME") for key in ENVIRONMENT_KEYS.values()
        ),
        "images": "\n\n".join(_section(key, "images.NAME") for key in IMAGE_KEYS.values()),
        "builders": "\n\n".join(_section(key, "builders.NAME") for key in BUILDER_KEYS.values()),
        "checks": "\n\n".join(_section(key, "checks") for key in CHECK_KEYS.values()),
        "overview": _overview(
            {
                "project": PROJECT_KEYS,
                "environments.NAME": ENVIRONMENT_KEYS,
                "images.NAME": IMAGE_KEYS,
                "builders.NAME": BUILDER_KEYS,
                "checks": CHECK_KEYS,
            }
        ),
        "built-ins": _table(
            ("variable", "value"), ((f"`${{{name}}}`", doc) for name, doc in BUILT_INS.items())
        ),
    }
    return re.sub(
        r"(<!-- begin: ([a-z-]+) -->\n).*?(<!-- end: \2 -->)",
        lambda found: f"{found[1]}{tables[found[2]]}\n{found[3]}",
        page,
        flags=re.DOTALL,
    )


def _section(key: Key, table: str) -> str:
    return (
        f"### {table}.{key.name}\n\n{key.doc}\n\n"
        f"- takes: {key.kind.words}\n- default: {key.default}\n\n"
        f"```toml\n{key.name} = {key.example}\n```"
    )


def _overview(tables: Mapping[str, Mapping[str, Key]]) -> str:
    rows = (
        (f"[`{table}.{name}`](#{_anchor(f'{table}.{name}')})", key.kind.words, key.default)
        for table, keys in tables.items()
        for name, key in keys.items()
    )
    return _table(("key", "takes", "default"), rows)


def _anchor(heading: str) -> str:
    """Return the fragment that Markdown renderers give a heading."""
    return heading.lower().replace(".", "")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_tables(path.read_text("utf-8")), "utf-8")
