"""
Caches under the names that people gave them. Pure.

BuildKit calls every import but a registry's by a number (``local:2502539049143277713``), and an
export by its kind alone. Where a build has only one such cache, it is told which one that is.

Source: moby/buildkit solver/llbsolver/bridge.go (cmKey), cache/remotecache/*/, ``Name()``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.planning.sharedcaches import shown
from stagebuild.values import replaced

if TYPE_CHECKING:
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import VertexUpdate

_IMPORT = re.compile(r"importing cache manifest from (local|gha|s3|azblob):\d+$")
_EXPORTING = "exporting cache to "
_EXPORTS = {
    "exporting cache to registry": "registry",
    "exporting cache to client directory": "local",
    "exporting cache to GitHub Actions Cache": "gha",
    "exporting cache to Amazon S3": "s3",
    "exporting cache to Azure Blob Storage": "azblob",
}


def named(event: VertexUpdate, spec: BuildSpec) -> VertexUpdate:
    """Return the event of a cache under its own name, any other as it is."""
    imported = _IMPORT.match(event.name)
    if imported is not None:
        found = [entry for entry in spec.cache_from if entry.type == imported[1]]
        prefix = event.name[: imported.start(1)]
    elif event.name in _EXPORTS:
        found = [entry for entry in spec.cache_to if entry.type == _EXPORTS[event.name]]
        prefix = _EXPORTING
    else:
        return event
    return replaced(event, name=f"{prefix}{shown(found[0])}") if len(found) == 1 else event
