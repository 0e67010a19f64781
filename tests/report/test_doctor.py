from __future__ import annotations

from stagebuild.doctor import Finding, Verdict
from stagebuild.report.doctor import doctor_document, doctor_text
from stagebuild.report.look import Look

GOOD = Finding(subject="buildx", verdict=Verdict.GOOD, text="0.29.1")
BAD = Finding(subject="image store", verdict=Verdict.PROBLEM, text="overlay2", remedy="turn it on")


def test_each_finding_is_a_line_with_its_remedy_below() -> None:
    assert doctor_text([GOOD, BAD], look=Look()) == (
        "✓ buildx       0.29.1\n✗ image store  overlay2\n               hint: turn it on"
    )


def test_the_document_is_ok_without_a_problem() -> None:
    assert doctor_document([GOOD])["ok"] is True
    assert doctor_document([GOOD, BAD])["ok"] is False
