"""Named contexts in an OCI layout. Source: docker/buildx util/ocilayout, build/opt.go."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING

from stagebuild.backends.base import SolveFailed
from stagebuild.buildkit.layout import find_digest
from stagebuild.buildkit.session import new_id

if TYPE_CHECKING:
    from stagebuild.planning.spec import BuildSpec

_FORM = re.compile(
    r"oci-layout://(?P<path>.*?)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-f]+))?"
)


def layout_context(spec: BuildSpec, name: str, source: str) -> tuple[str, tuple[str, str]]:
    """
    Return what a layout is called to the engine, and its store's id and folder.

    Raises:
        SolveFailed: There is no layout, or nothing in it under that tag.
    """
    found = _FORM.fullmatch(source)
    if found is None:
        raise SolveFailed(f"context {name}: {source} is not oci-layout://FOLDER[:TAG][@DIGEST]")
    folder = os.path.join(spec.root, found["path"])  # noqa: PTH118 - keeps an absolute path
    digest = found["digest"]
    tag = found["tag"] or "latest"
    if digest is None:
        try:
            digest = find_digest(folder, tag)
        except (OSError, ValueError) as error:
            raise SolveFailed(f"context {name}: the layout at {folder}: {error}") from error
    if digest is None:
        raise SolveFailed(f"context {name}: the layout at {folder} has no {tag}")
    store = new_id()
    shown = f":{found['tag']}" if found["tag"] else ""
    return f"oci-layout://{store}{shown}@{digest}", (f"oci:{store}", folder)
