"""What was counted of forecasts: kept in a file, added up, shown as tables."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "forecast.md"
BEGIN, END = "<!-- accuracy -->", "<!-- /accuracy -->"

_COUNTED = (
    "edits",
    "steps",
    "right",
    "maybe",
    "false_cached",
    "false_run",
    "causes",
    "causes_right",
)


@dataclass(slots=True)
class Tally:
    """What was counted, for one project or one kind of edit; ``_COUNTED`` and what was wrong."""

    edits: int = 0
    steps: int = 0
    right: int = 0
    maybe: int = 0
    false_cached: int = 0
    false_run: int = 0
    causes: int = 0
    causes_right: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another one counted."""
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.misses += other.misses


@dataclass(slots=True)
class Measured:
    """
    What came of it.

    Attributes:
        projects: By project.
        edits: By kind of edit.
        times: Expected and real seconds of each build.
        about: Seeds and versions, each once.
    """

    projects: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    edits: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    times: list[tuple[float, float]] = field(default_factory=list)
    about: list[str] = field(default_factory=list)

    @property
    def total(self) -> Tally:
        """All projects together."""
        total = Tally()
        for tally in self.projects.values():
            total.add(tally)
        return total

    def add(self, other: Measured) -> None:
        """Add what another run found."""
        for name, tally in other.projects.items():
            self.projects[name].add(tally)
        for name, tally in other.edits.items():
            self.edits[name].add(tally)
        self.times += other.times
        self.about += [one for one in other.about if one not in self.about]

    @classmethod
    def of_file(cls, path: Path) -> Measured:
        """Return what a file has; nothing when there is none."""
        found = cls()
        if path.exists():
            document = json.loads(path.read_text())
            for name, tally in document["projects"].items():
                found.projects[name] = Tally(**tally)
            for name, tally in document["edits"].items():
                found.edits[name] = Tally(**tally)
            found.times = [(told, took) for told, took in document["times"]]
            found.about = document["about"]
        return found

    def save(self, path: Path) -> None:
        """Write it to a file."""
        document = {
            "projects": {name: asdict(tally) for name, tally in self.projects.items()},
            "edits": {name: asdict(tally) for name, tally in self.edits.items()},
            "times": self.times,
            "about": self.about,
        }
        path.write_text(json.dumps(document, indent=1) + "\n")

    def median_error(self) -> float:
        """Return the median of how far expected times were off, as a share of the real ones."""
        return statistics.median(abs(told - took) / took for told, took in self.times)


def table(title: str, tallies: Mapping[str, Tally]) -> str:
    """Return a Markdown table, with a line for all."""
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    head = (title, "edits", "steps", "right", "maybe", "cached, but ran", "run, but cached")
    lines = [f"| {' | '.join(head)} | cause right |", "|---" * (len(head) + 1) + "|"]
    for name, tally in [*sorted(tallies.items()), ("**all**", total)]:
        decided = tally.steps - tally.maybe
        lines.append(
            f"| {name} | {tally.edits} | {tally.steps} | {_share(tally.right, decided)} "
            f"| {_share(tally.maybe, tally.steps)} | {tally.false_cached} | {tally.false_run} "
            f"| {_share(tally.causes_right, tally.causes)} |"
        )
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else ""


def write_page(found: Measured, *, page: Path = PAGE) -> None:
    """Put the tables into the documentation, between its marks."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n\n".join(
        (
            f"{found.total.edits:,} edits; {'; '.join(found.about)}:",
            table("project", found.projects),
            table("edit", found.edits),
        )
    )
    page.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}")
