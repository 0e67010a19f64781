"""
One key per step: what BuildKit's cache would look it up by, as far as a client can know.

``keys.fingerprint`` chains the keys; ``steps`` says what BuildKit makes of an instruction,
``selecting`` which files it takes, ``trees`` and ``filedigests`` what those are.
"""

from stagebuild.fingerprint.folders import Folders
from stagebuild.fingerprint.keys import fingerprint
from stagebuild.fingerprint.values import Fingerprint, StagePrint, StepFacts, StepPrint

__all__ = ["Fingerprint", "Folders", "StagePrint", "StepFacts", "StepPrint", "fingerprint"]
