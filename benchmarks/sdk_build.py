"""
Builds a folder's stages over the engine's own connection, as a process of its own.

``python -m benchmarks.sdk_build FOLDER [STAGE…]``; with ``--memory`` it says its largest resident
size, in MB, at the end; with ``--moments`` when it did what, for `where_time_goes`; with
``--no-image`` nothing is exported.
"""

from __future__ import annotations

import time

_BEGAN_S = time.time()

# ruff: noqa: E402 - a moment is taken before anything is imported
import os
import resource
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.backends.base import Cancel
from stagebuild.backends.sdk import SdkBackend
from stagebuild.model import Output
from stagebuild.planning.spec import BuildSpec
from stagebuild.values import replaced

if TYPE_CHECKING:
    from stagebuild.backends.base import Emit
    from stagebuild.progress.events import Event


def spec(folder: Path, target: str | None = None, *, outputs: tuple[Output, ...] = ()) -> BuildSpec:
    """Return the spec of a folder's stage."""
    return BuildSpec(
        name=target or "only",
        root=folder,
        context=str(folder),
        dockerfile=str(folder / "Dockerfile"),
        dockerfile_shown="Dockerfile",
        target=target,
        outputs=outputs,
    )


def build(*specs: BuildSpec, emit: Emit = lambda _: None) -> None:
    """Build the specs, all at once."""
    backend = SdkBackend(environ=os.environ)
    if len(specs) == 1:
        backend.build(specs[0], emit, Cancel())
        return
    with backend.together(specs) as together:
        threads = [
            threading.Thread(target=together.build, args=(each, emit, Cancel())) for each in specs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def main() -> None:
    """Build what the arguments say."""
    options = {argument for argument in sys.argv[1:] if argument.startswith("--")}
    folder, *targets = [argument for argument in sys.argv[1:] if argument not in options]
    outputs = (Output(type="cacheonly"),) if "--no-image" in options else ()
    only = spec(Path(folder).absolute(), outputs=outputs)
    events: list[Event] = []
    asked_s = time.time()
    build(
        *[replaced(only, name=target, target=target) for target in targets] or [only],
        emit=events.append,
    )
    if "--moments" in options:
        from benchmarks.moments import moments_of  # noqa: PLC0415 - not for the other figures

        print(moments_of(events, began_s=_BEGAN_S, asked_s=asked_s, answered_s=time.time()))
    if "--memory" in options:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
