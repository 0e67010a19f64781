"""
What earlier builds were: results, steps, timings and sizes, in one SQLite file for each project.

``store`` has the history itself, ``recording`` puts the builds of a run into it, ``trends`` says
what got worse. ``database`` alone knows SQL's schema, ``places`` where the file is.
"""

from stagebuild.history.records import (
    BudgetRecord,
    BuildRecord,
    GitState,
    LayerRecord,
    Machine,
    StageRecord,
    StepRecord,
)
from stagebuild.history.store import History

__all__ = [
    "BudgetRecord",
    "BuildRecord",
    "GitState",
    "History",
    "LayerRecord",
    "Machine",
    "StageRecord",
    "StepRecord",
]
