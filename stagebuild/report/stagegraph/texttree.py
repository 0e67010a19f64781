"""The graph as a tree of text: from each environment down to the images it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.report.look import Look, Tone
from stagebuild.report.stagegraph.picture import Link, LinkKind, Node, NodeKind, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNICODE = ("├─ ", "└─ ", "│  ", "   ")
_ASCII = ("|- ", "`- ", "|  ", "   ")
_WORDS = {LinkKind.COPY: " (copied from)", LinkKind.MOUNT: " (mounted)"}


def text_tree(picture: Picture, *, look: Look) -> str:
    """
    Return the tree as lines, without a final line end.

    What stands further up already is named again and not repeated.
    """
    return "\n".join(_Tree(picture, look).lines())


class _Tree:
    def __init__(self, picture: Picture, look: Look) -> None:
        self._picture = picture
        self._look = look
        self._marks = _ASCII if look.glyphs.pipe == "|" else _UNICODE
        self._nodes = {node.id: node for node in picture.nodes}
        self._sources: dict[str, list[Link]] = {}
        for link in picture.links:
            self._sources.setdefault(link.target, []).append(link)
        self._told: set[str] = set()

    def lines(self) -> Iterator[str]:
        yield self._look.paint(self._picture.title, Tone.QUIET)
        takers = {link.source for link in self._picture.links}
        for node in self._picture.nodes:
            is_root = node.kind is NodeKind.ENVIRONMENT or (
                node.kind is NodeKind.STAGE and node.id not in takers
            )
            if is_root:
                yield from self._below(node)

    def _below(self, root: Node) -> Iterator[str]:
        """Yield a root and all below it, without recursion: there may be thousands of stages."""
        yield self._root(root)
        waiting = [("", link, last) for link, last in self._ordered(self._stage_of(root))][::-1]
        while waiting:
            indent, link, last = waiting.pop()
            node = self._nodes[link.source]
            again = node.id in self._told and bool(self._sources.get(node.id))
            tee, corner, pipe, blank = self._marks
            yield f"{indent}{corner if last else tee}{self._named(node, link, again=again)}"
            if again:
                continue
            self._told.add(node.id)
            deeper = indent + (blank if last else pipe)
            waiting += [(deeper, each, end) for each, end in self._ordered(node)][::-1]

    def _stage_of(self, root: Node) -> Node:
        """Return the stage of an environment that is called like it: it need not be told twice."""
        for link in self._sources.get(root.id, ()):
            stage = self._nodes[link.source]
            again = stage.id in self._told
            if link.kind is LinkKind.TARGET and stage.label == root.label and not again:
                self._told.add(stage.id)
                return stage
        return root

    def _ordered(self, node: Node) -> list[tuple[Link, bool]]:
        links = [link for link in self._sources.get(node.id, ()) if link.kind is not LinkKind.GATE]
        return [(link, at == len(links) - 1) for at, link in enumerate(links)]

    def _root(self, node: Node) -> str:
        shown = self._look.paint(node.label, Tone.TITLE)
        if node.kind is not NodeKind.ENVIRONMENT:
            self._told.add(node.id)
            why = "" if node.is_reached else "  (no environment builds it)"
            return f"{shown}{self._figures(node)}{self._look.paint(why, Tone.CAUTION)}"
        gates = [
            self._nodes[link.source].label
            for link in self._sources.get(node.id, ())
            if link.kind is LinkKind.GATE
        ]
        stage = self._stage_of(node)
        self._told.discard(stage.id)
        figures = "" if stage is node else self._figures(stage)
        return shown + figures + (f"  (after {', '.join(gates)})" if gates else "")

    def _named(self, node: Node, link: Link, *, again: bool) -> str:
        shown = node.label + _WORDS.get(link.kind, "")
        if node.kind in (NodeKind.IMAGE, NodeKind.CONTEXT):
            return self._look.paint(shown, Tone.QUIET)
        if again:
            return shown + self._look.paint(f"  {self._look.glyphs.ellipsis}", Tone.QUIET)
        return shown + self._figures(node)

    def _figures(self, node: Node) -> str:
        figures = node.figures
        if figures is None:
            return ""
        tone = Tone.BAD if figures.failed else Tone.BUSY if figures.is_critical else Tone.QUIET
        critical = "  critical path" if figures.is_critical else ""
        return self._look.paint(f"  {figures.text}{critical}", tone)
