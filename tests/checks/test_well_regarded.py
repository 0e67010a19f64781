"""Dockerfiles as respected projects write them: no error is found in any, and nothing breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagebuild.checks import Severity
from tests.checks.pages import check

HERE = Path(__file__).parent
WELL_REGARDED = sorted((HERE / "wellregarded").glob("*.Dockerfile"))
CORPUS = sorted((HERE.parent / "dockerfile" / "corpus").glob("*.Dockerfile"))


@pytest.mark.parametrize("path", WELL_REGARDED, ids=lambda path: path.stem)
def test_nothing_in_a_well_regarded_file_is_an_error(path: Path) -> None:
    report = check(path.read_text())
    assert [each for each in report.findings if each.severity is Severity.ERROR] == []


def test_there_are_thirty_well_regarded_files() -> None:
    assert len(WELL_REGARDED) >= 30


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_file_of_the_readers_corpus_can_be_checked(path: Path) -> None:
    assert check(path.read_bytes().decode("utf-8", "replace")).notes == ()
