"""Rules about how an image is started, and what it takes from the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit
from stagebuild.dockerfile import Add, Cmd, Entrypoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.checks.subject import Subject


def shell_form(subject: Subject) -> Iterator[Hit]:
    """Yield the CMD or ENTRYPOINT of a shipped image that is started through a shell."""
    for target in subject.production:
        for _, step in target.image_steps():
            started = step.instruction
            if not isinstance(started, (Cmd, Entrypoint)) or started.is_exec_form:
                continue
            command = " ".join(started.command)
            if not command or command.startswith("exec "):
                continue
            yield Hit(
                line=started.line,
                end_line=started.lines.end,
                message=f"{started.keyword} is started through a shell, which keeps the stop signal"
                " to itself: every stop ends in a kill",
                hint=f"write it as a list, as {started.keyword} "
                + str([command.split(" ")[0], "…"]).replace("'", '"'),
            )


def unchecked_download(subject: Subject) -> Iterator[Hit]:
    """Yield each ADD of a URL without a checksum: what it gets is not known."""
    for stage in subject.graph.stages:
        for step in stage.steps:
            add = step.expanded
            if not isinstance(add, Add) or add.checksum:
                continue
            urls = [source for source in add.sources if source.startswith(("http://", "https://"))]
            if urls and not any(url.endswith(".git") or ".git#" in url for url in urls):
                yield Hit(
                    line=add.line,
                    end_line=add.lines.end,
                    message=f"{urls[0]} is taken as it comes: nothing says what it should be",
                    hint="ADD --checksum=sha256:… checks it, and keeps it cached",
                )
