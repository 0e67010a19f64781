"""
Configuration: TOML -> Project, with the place of every key.

``load`` finds and reads a file, ``read_project`` takes text. The keys are data in ``definitions``;
``schema`` and the reference page are made from the same.
"""

from stagebuild.config.json_schema import schema
from stagebuild.config.loading import load
from stagebuild.config.reading import read_project

__all__ = ["load", "read_project", "schema"]
