"""A builder as written -> the same with variables filled in and absolute paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.config.keypaths import Misfit, within
from stagebuild.model.builders import Builder, BuilderNode, TlsFiles
from stagebuild.planning.entries import read_platform
from stagebuild.planning.filling import map_text
from stagebuild.planning.locations import absolute

if TYPE_CHECKING:
    from collections.abc import Callable


def filled_in(builder: Builder, expand: Callable[[str], str], root: str) -> Builder:
    """
    Return the builder, everything decided.

    Args:
        builder: As written.
        expand: Returns text with its variables filled in.
        root: Absolute folder that paths are relative to.

    Raises:
        Misfit: A variable is not there, or a value does not fit; its place begins with the key.
    """

    def text(key: str, value: str | None) -> str | None:
        if value is None:
            return None
        with within(key):
            filled = expand(value)
            if not filled:
                raise Misfit("it is empty once its variables are filled in")
            return filled

    def path(key: str, value: str | None) -> str | None:
        filled = text(key, value)
        return None if filled is None else absolute(filled, root)

    def tls(files: TlsFiles | None) -> TlsFiles | None:
        if files is None:
            return None
        with within("tls"):
            return TlsFiles(
                ca=path("ca", files.ca) or "",
                cert=path("cert", files.cert),
                key=path("key", files.key),
                server_name=text("server-name", files.server_name),
            )

    def options(values: dict[str, str]) -> dict[str, str]:
        with within("driver-options"):
            filled: dict[str, str] = map_text(values, expand)
            return filled

    def platforms(names: tuple[str, ...]) -> tuple[str, ...]:
        with within("platforms"):
            return tuple(str(read_platform(name)) for name in map_text(names, expand))

    nodes = []
    for index, node in enumerate(builder.nodes):
        with within("nodes", index):
            nodes.append(
                BuilderNode(
                    name=text("name", node.name),
                    endpoint=text("endpoint", node.endpoint),
                    platforms=platforms(node.platforms),
                    driver_options=options(dict(node.driver_options)),
                    tls=tls(node.tls),
                )
            )
    return Builder(
        driver=builder.driver,
        nodes=tuple(nodes),
        driver_options=options(dict(builder.driver_options)),
        buildkitd_flags=text("buildkitd-flags", builder.buildkitd_flags),
        buildkitd_config=path("buildkitd-config", builder.buildkitd_config),
    )
