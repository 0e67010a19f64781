"""The reference page says what the tables in the code say."""

from __future__ import annotations

from pathlib import Path

from stagebuild.backends.base import Feature
from stagebuild.backends.buildx.versions import OLDEST_BUILDX, REQUIREMENTS, remedy

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "backends.md"
BEGIN = "<!-- table: begin, checked by tests/backends/buildx/test_reference_page.py -->\n"
END = "<!-- table: end -->"


def test_every_feature_is_in_the_table_with_what_it_needs() -> None:
    rows = [
        f"| {feature} | {needs.buildx} | {needs.buildkit} | {needs.engine} | "
        f"{'with the containerd image store' if needs.containerd_store else 'yes'} |\n"
        for feature, needs in sorted(REQUIREMENTS.items())
    ]
    head = "| feature | buildx | BuildKit | Docker | `docker` driver |\n|---|---|---|---|---|\n"

    text = PAGE.read_text()
    table = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]

    assert table == head + "".join(rows)


def test_every_feature_has_a_requirement_and_a_remedy() -> None:
    assert set(REQUIREMENTS) == set(Feature)
    assert all(remedy(feature) for feature in Feature)


def test_the_oldest_buildx_has_every_option() -> None:
    assert all(needs.buildx <= OLDEST_BUILDX for needs in REQUIREMENTS.values())
