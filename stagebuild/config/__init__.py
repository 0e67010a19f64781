"""
Configuration: TOML -> Project, with the place of every key.

``load`` finds and reads a file, ``read_project`` takes text. The keys are data in ``definitions``;
``schema`` and the reference page are made from the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.config.loading import load
from stagebuild.config.reading import read_project
from stagebuild.lazily import names_from

if TYPE_CHECKING:
    from stagebuild.config.json_schema import schema

__all__ = ["load", "read_project", "schema"]

__getattr__ = names_from(__name__, {"schema": "json_schema"})
