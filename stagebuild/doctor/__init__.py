"""
Whether this machine and this project can build: what was found, and what to do about it.

``looking`` asks the engine, buildx, the registries' credentials and the disk; ``facts`` is what it
brings back; ``examining`` judges it, and is pure.
"""

from stagebuild.doctor.examining import examine
from stagebuild.doctor.facts import Facts, Finding, Verdict

__all__ = ["Facts", "Finding", "Verdict", "examine"]
