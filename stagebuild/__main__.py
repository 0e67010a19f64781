"""``python -m stagebuild``."""

from stagebuild.cli import script

script()
