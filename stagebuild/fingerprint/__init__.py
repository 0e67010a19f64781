"""
One key per step: what BuildKit's cache would look it up by, as far as a client can know.

``keys.fingerprint`` chains the keys; ``steps`` says what BuildKit makes of an instruction,
``selecting`` which files it takes, ``trees`` and ``filedigests`` what those are.

Who reads keys that are there already, as the history does, waits for nothing of what makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.lazily import names_from

if TYPE_CHECKING:
    from stagebuild.fingerprint.folders import Folders
    from stagebuild.fingerprint.keys import fingerprint
    from stagebuild.fingerprint.values import Fingerprint, StagePrint, StepFacts, StepPrint

_HOME_OF = {
    "Fingerprint": "values",
    "Folders": "folders",
    "StagePrint": "values",
    "StepFacts": "values",
    "StepPrint": "values",
    "fingerprint": "keys",
}

__all__ = ["Fingerprint", "Folders", "StagePrint", "StepFacts", "StepPrint", "fingerprint"]

__getattr__ = names_from(__name__, _HOME_OF)
