"""Two images side by side, as text and as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.report.cells import clean, fit
from stagebuild.report.look import Look, Tone
from stagebuild.report.quantities import count, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.contents.comparing import Changed, Comparison, Side, Tree
    from stagebuild.contents.image import ImageContent

VERSION = 1
_MOST_LINES = 12
_MOST_NAMES = 40

Json = dict[str, object]
Named = tuple[str, "ImageContent"]


def comparison_text(
    first: Named, second: Named, told: Comparison, *, look: Look, most: int | None = _MOST_LINES
) -> str:
    """
    Return what two images have and lack, for people, without a final line end.

    Args:
        first: Its name and what is in it.
        second: Likewise.
        told: How they differ.
        look: What the stream can take.
        most: How many lines a list may have; None for all.
    """
    cut = _Cut(look, most)
    sections = [
        _table(first, second, look),
        *_lacks(second[0], first[0], told.first, cut),
        *_lacks(first[0], second[0], told.second, cut),
        *_differences(told, cut),
    ]
    if len(sections) == 1:
        sections.append("They have the same files, packages, environment and settings.")
    return "\n\n".join(sections)


class _Cut:
    """Lists, cut to a number of lines."""

    def __init__(self, look: Look, most: int | None) -> None:
        self.look = look
        self._most = most

    def lines(self, texts: Sequence[str]) -> list[str]:
        """Return the texts as lines, the last of which says how many were left out."""
        shown = texts if self._most is None else texts[: self._most]
        lines = [f"  {fit(clean(text), max(self.look.width - 2, 20))}" for text in shown]
        left = len(texts) - len(shown)
        return [*lines, f"  and {left} more (--all)"] if left else lines

    def names(self, texts: Sequence[str]) -> list[str]:
        """Return short texts in a row, wrapped."""
        import textwrap  # noqa: PLC0415 - only here

        shown = texts if self._most is None else texts[:_MOST_NAMES]
        left = len(texts) - len(shown)
        more = [f"and {left} more (--all)"] if left else []
        row = clean(", ".join([*shown, *more]))
        return textwrap.wrap(
            row, max(self.look.width - 2, 20), initial_indent="  ", subsequent_indent="  "
        )


def _table(first: Named, second: Named, look: Look) -> str:
    rows = [
        ("", first[0], second[0]),
        *(
            (label, of_first, of_second)
            for (label, of_first), (_, of_second) in zip(
                _rows(first[1]), _rows(second[1]), strict=True
            )
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    return "\n".join([look.paint(lines[0], Tone.TITLE), *lines[1:]])


def _rows(image: ImageContent) -> Iterator[tuple[str, str]]:
    yield "size", size(image.sizes.total_bytes)
    yield "hidden by later layers", size(image.hidden_bytes)
    yield "layers", str(len(image.sizes.layers))
    yield "files", str(sum(placed.entry.kind != "folder" for placed in image.files.values()))
    yield "packages", str(len(image.packages))
    yield "executables", str(sum(1 for _ in image.executables()))
    yield "user", clean(image.user) or "root"
    yield "platform", image.platform
    yield "largest layer", _largest(image)


def _largest(image: ImageContent) -> str:
    layer = max(image.sizes.layers, key=lambda each: each.size_bytes, default=None)
    if layer is None:
        return "none"
    stage = "" if layer.stage is None else f" ({layer.stage})"
    step = clean(layer.created_by.removesuffix(" # buildkit"))
    return f"{size(layer.size_bytes)}{stage}: {fit(step, 40)}"


def _lacks(without: str, within: str, side: Side, cut: _Cut) -> Iterator[str]:
    """Say what ``without`` does not carry of ``within``."""
    lines: list[str] = []
    if side.executables:
        lines += [f" {count(len(side.executables), 'executable')}:", *cut.names(side.executables)]
    if side.packages:
        lines += [f" {count(len(side.packages), 'package')}:", *cut.names(side.packages)]
    if side.trees:
        lines += [" files:", *cut.lines([_tree(tree) for tree in side.trees])]
    for label, texts in (("environment", side.env), ("labels", side.labels)):
        if texts:
            lines += [f" {label}:", *cut.lines(texts)]
    if lines:
        title = f"{without} does not carry, and {within} does: {size(side.size_bytes)}"
        yield "\n".join([cut.look.paint(title, Tone.TITLE), *lines])


def _tree(tree: Tree) -> str:
    files = "" if not tree.path.endswith("/") else f"  ({count(tree.files, 'file')})"
    return f"{size(tree.size_bytes):>9}  {tree.path}{files}"


def _differences(told: Comparison, cut: _Cut) -> Iterator[str]:
    for label, changes in (
        ("settings", told.settings),
        ("environment", told.env),
        ("labels", told.labels),
        ("packages", told.packages),
        ("files", told.files),
    ):
        if changes:
            lines = cut.lines([f"{each.name}: {each.first} | {each.second}" for each in changes])
            title = cut.look.paint(f"other {label} in each", Tone.TITLE)
            yield "\n".join([title, *lines])


def comparison_document(first: Named, second: Named, told: Comparison) -> Json:
    """Return the same as one versioned JSON document; sizes are bytes."""
    return {
        "version": VERSION,
        "images": [_image(*first), _image(*second)],
        "only": [_side(told.first), _side(told.second)],
        "different": {
            "settings": _changes(told.settings),
            "env": _changes(told.env),
            "labels": _changes(told.labels),
            "packages": _changes(told.packages),
            "files": _changes(told.files),
        },
    }


def _image(name: str, image: ImageContent) -> Json:
    return {
        "name": name,
        "platform": image.platform,
        "size_bytes": image.sizes.total_bytes,
        "hidden_bytes": image.hidden_bytes,
        "files": sum(placed.entry.kind != "folder" for placed in image.files.values()),
        "packages": len(image.packages),
        "user": image.user or "root",
        "layers": [
            {
                "digest": layer.digest,
                "size_bytes": layer.size_bytes,
                "created_by": layer.created_by,
                "stage": layer.stage,
                "line": layer.line,
            }
            for layer in image.sizes.layers
        ],
    }


def _side(side: Side) -> Json:
    return {
        "size_bytes": side.size_bytes,
        "files": [tree._asdict() for tree in side.trees],
        "packages": list(side.packages),
        "executables": list(side.executables),
        "env": list(side.env),
        "labels": list(side.labels),
    }


def _changes(changes: Sequence[Changed]) -> list[Json]:
    return [change._asdict() for change in changes]
