"""Findings for a terminal: each with the lines that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import CheckReport, Finding, Severity
from stagebuild.report.cells import clean, fit
from stagebuild.report.excerpt import excerpt
from stagebuild.report.look import Look, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.CAUTION, Severity.INFO: Tone.QUIET}
_AROUND = 1
_MOST_LINES = 6


def findings_text(report: CheckReport, *, least: Severity = Severity.INFO, look: Look) -> str:
    """
    Return a report as lines, without a final line end.

    Args:
        report: What was found.
        least: Findings that matter less are counted and not shown.
        look: What the stream can take.
    """
    shown = [each for each in report.findings if each.severity.rank <= least.rank]
    blocks = [_block(finding, report.texts.get(finding.path), look=look) for finding in shown]
    blocks += [f"{look.paint('note:', Tone.QUIET)} {clean(note)}" for note in report.notes]
    blocks.append(_summary(report, hidden=len(report.findings) - len(shown), look=look))
    return "\n\n".join(blocks)


def _block(finding: Finding, text: str | None, *, look: Look) -> str:
    place = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
    label = look.paint(f"{finding.severity}:", _TONES[finding.severity])
    rule = look.paint(f"[{finding.rule}]", Tone.QUIET)
    key = "" if finding.key is None else f"{finding.key}: "
    lines = [f"{label} {look.paint(place, Tone.TITLE)}: {key}{clean(finding.message)} {rule}"]
    if text is not None and finding.line is not None:
        lines += _source(finding, text, look=look)
    if finding.hint:
        lines.append(f"{look.paint('hint:', Tone.CAUTION)} {clean(finding.hint)}")
    return "\n".join(lines)


def _source(finding: Finding, text: str, *, look: Look) -> Iterable[str]:
    """Return the first lines of what is meant, and a line around it."""
    assert finding.line is not None  # noqa: S101 - the caller's condition
    last = min(finding.end_line or finding.line, finding.line + _MOST_LINES - 1)
    lines = [
        line
        for line in excerpt(text, finding.line)
        if finding.line - _AROUND <= line.number <= last + _AROUND
    ]
    digits = len(str(lines[-1].number)) if lines else 0
    for line in lines:
        marked = finding.line <= line.number <= last
        cut = fit(clean(line.text), look.width - digits - 6, ellipsis=look.glyphs.ellipsis)
        number = f"{'>' if marked else ' '} {line.number:>{digits}} {look.glyphs.pipe}"
        tone = _TONES[finding.severity] if marked else Tone.QUIET
        yield f"  {look.paint(number, tone)} {cut}".rstrip()


def _summary(report: CheckReport, *, hidden: int, look: Look) -> str:
    counts = [
        f"{count} {severity}{'s' * (count != 1 and severity is not Severity.INFO)}"
        for severity in Severity
        if (count := report.count(severity))
    ]
    parts = [", ".join(counts) or "nothing found"]
    if hidden:
        parts.append(f"{hidden} not shown")
    if report.ignored:
        parts.append(f"{len(report.ignored)} ignored")
    mark = look.glyphs.failed if report.count(Severity.ERROR) else look.glyphs.done
    return f"{mark} {f' {look.glyphs.dot} '.join(parts)}"
