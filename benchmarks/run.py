"""
``make bench``: take every figure, write results.json and the table of docs/reference/benchmarks.md.

Arguments choose groups by name (``python -m benchmarks.run command_line``); the rows of the others
stay as they are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import (
    checking,
    cold_machine,
    command_line,
    expected_time,
    gated_release,
    image_reading,
    many_environments,
    progress_lines,
    remembering,
    sdk_vs_buildx,
    skipping,
)
from benchmarks.peers import Peers, peers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.measuring import Row

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "reference" / "benchmarks.md"
BEGIN, END = "<!-- table: begin, written by make bench -->", "<!-- table: end -->"

GROUPS: dict[str, Callable[[Peers], Iterator[Row]]] = {
    "checking": checking.rows,
    "cold_machine": cold_machine.rows,
    "command_line": command_line.rows,
    "expected_time": expected_time.rows,
    "image_reading": image_reading.rows,
    "gated_release": gated_release.rows,
    "many_environments": many_environments.rows,
    "progress_lines": progress_lines.rows,
    "remembering": remembering.rows,
    "sdk_vs_buildx": sdk_vs_buildx.rows,
    "skipping": skipping.rows,
}


def main() -> int:
    """Measure, write, and return 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="all by default")
    chosen = parser.parse_args().groups or list(GROUPS)
    documents = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    engine = peers()
    for group in chosen:
        documents = [known for known in documents if known["group"] != group]
        for row in GROUPS[group](engine):
            print(
                f"{'ok  ' if row.met else 'MISS'} {row.name}: {row.ours:.4g} {row.unit}", row.ratio
            )
            documents.append({"group": group, "date": today, **row.document()})
            _keep(documents)
    return 0 if all(known["met"] for known in documents) else 1


def _keep(documents: list[dict[str, Any]]) -> None:
    """Write what has been measured so far: a run may take an hour, and be cut off."""
    documents.sort(key=lambda known: list(GROUPS).index(known["group"]))
    RESULTS.write_text(json.dumps(documents, indent=2) + "\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(documents)}\n{END}{rest.partition(END)[2]}")


def table(documents: list[dict[str, object]]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| figure | ours | peer | ratio | target | met | versions | date |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    lines += [_line(known) for known in documents]
    return "\n".join(lines) + "\n"


def _line(known: dict[str, object]) -> str:
    peer, ratio, versions = known["peer"], known["ratio"], known["versions"]
    assert isinstance(versions, dict)
    cells = [
        str(known["name"]),
        f"{known['ours']:,.4g} {known['unit']}",
        f"{peer:.4g} {known['unit']} ({known['peer_name']})" if peer else "",
        f"{ratio:.2f}" if ratio else "",
        str(known["target"]),
        "yes" if known["met"] else "**no**",
        ", ".join(f"{program} {version}" for program, version in versions.items()),
        str(known["date"]),
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
