"""The values that people write and read: no effects, no knowledge of how anything is built."""

from stagebuild.model.budget import Budget
from stagebuild.model.builders import Builder, BuilderNode, TlsFiles
from stagebuild.model.entries import (
    Attestation,
    CacheEntry,
    Output,
    Secret,
    SshForward,
    Ulimit,
)
from stagebuild.model.images import HistoryEntry, ImageFacts
from stagebuild.model.project import Checks, Environment, Image, Origin, Project
from stagebuild.model.values import Digest, Platform

__all__ = [
    "Attestation",
    "Budget",
    "Builder",
    "BuilderNode",
    "CacheEntry",
    "Checks",
    "Digest",
    "Environment",
    "HistoryEntry",
    "Image",
    "ImageFacts",
    "Origin",
    "Output",
    "Platform",
    "Project",
    "Secret",
    "SshForward",
    "TlsFiles",
    "Ulimit",
]
