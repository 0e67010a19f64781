"""
How fast an image's file system is read from its layers, and in how much memory.

The image is the largest one of the demo engine's registry: a Debian with Python, gzipped as a
registry has it. It is read from an OCI layout, as for a budget, in a process of its own.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from benchmarks.measuring import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.peers import Peers

IMAGE = "python:3.11-slim"
_MB_PER_S = 200
_MEMORY_MB = 64

_READ = """
import json, re, sys, time
from pathlib import Path
from stagebuild.contents.layouts import LayoutBlobs
from stagebuild.contents.manifests import contents_of
def peak_kb():
    # Not ru_maxrss: that of the process which started this one is inherited.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak_kb()
started = time.perf_counter()
blobs = LayoutBlobs(sys.argv[1])
(image,) = contents_of(blobs, blobs.top())
took = time.perf_counter() - started
after = peak_kb()
size = image.sizes.total_bytes
told = {"speed": size / took / 1e6, "memory": (after - before) / 1024, "size": size / 1e6}
print(json.dumps(told))
"""


def rows(engine: Peers) -> Iterator[Row]:
    """Yield the figures of reading one image, the best speed and the most memory of five."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                *("docker", "buildx", "build", "-q", "--provenance=false"),
                *("--output", f"type=oci,dest={folder}/layout,tar=false", "-"),
            ],
            input=f"FROM {IMAGE}\nRUN true\n",
            text=True,
            check=True,
            env=dict(engine.env),
            capture_output=True,
        )
        runs = [_read(f"{folder}/layout") for _ in range(5)]
    versions = {"python": platform.python_version()}
    speed = max(run["speed"] for run in runs)
    memory = max(run["memory"] for run in runs)
    yield Row(
        name=f"an image's file system read, {runs[0]['size']:.0f} MB, gzip",
        unit="MB/s",
        ours=speed,
        target=f">= {_MB_PER_S}",
        met=speed >= _MB_PER_S,
        versions=versions,
    )
    yield Row(
        name="memory for it, beyond an empty process",
        unit="MB",
        ours=memory,
        target=f"<= {_MEMORY_MB}",
        met=memory <= _MEMORY_MB,
        versions=versions,
    )


def _read(layout: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _READ, layout], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
