"""What the doctor says, as lines and as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.doctor.facts import Finding, Verdict
from stagebuild.report.cells import clean
from stagebuild.report.look import Look, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = 1
_TONES = {Verdict.GOOD: Tone.GOOD, Verdict.CAUTION: Tone.CAUTION, Verdict.PROBLEM: Tone.BAD}


def doctor_text(findings: Sequence[Finding], *, look: Look) -> str:
    """Return a line for each finding, what to do below it, without a final line end."""
    cells = max((len(each.subject) for each in findings), default=0)
    marks = {
        Verdict.GOOD: look.glyphs.done,
        Verdict.CAUTION: "!",
        Verdict.PROBLEM: look.glyphs.failed,
    }
    lines = []
    for each in findings:
        mark = look.paint(marks[each.verdict], _TONES[each.verdict])
        lines.append(f"{mark} {each.subject:<{cells}}  {clean(each.text)}")
        if each.remedy:
            hint = look.paint("hint:", Tone.CAUTION)
            lines.append(f"  {'':<{cells}}  {hint} {clean(each.remedy)}")
    return "\n".join(lines)


def doctor_document(findings: Sequence[Finding]) -> dict[str, object]:
    """Return what ``doctor --json`` prints; ``ok`` is whether there is no problem."""
    return {
        "version": VERSION,
        "ok": all(each.verdict is not Verdict.PROBLEM for each in findings),
        "findings": [
            {
                "subject": each.subject,
                "verdict": str(each.verdict),
                "text": each.text,
                "remedy": each.remedy or None,
            }
            for each in findings
        ],
    }
