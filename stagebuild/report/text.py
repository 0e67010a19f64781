"""Results and failures as text for people; what the command line prints at the end."""

from stagebuild.report.failuretext import failure, not_published
from stagebuild.report.look import ASCII, UNICODE, Glyphs, Look, glyphs_for
from stagebuild.report.stagetable import run_summary, stage_table, timeline_table

__all__ = [
    "ASCII",
    "UNICODE",
    "Glyphs",
    "Look",
    "failure",
    "glyphs_for",
    "not_published",
    "run_summary",
    "stage_table",
    "timeline_table",
]
