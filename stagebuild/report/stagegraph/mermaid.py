"""
The graph as Mermaid, which GitHub and GitLab draw in Markdown.

Source: mermaid.js.org/syntax/flowchart.html; text in quotes takes ``#quot;`` for a quote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.report.stagegraph.picture import LinkKind, NodeKind

if TYPE_CHECKING:
    from stagebuild.report.stagegraph.picture import Node, Picture

_SHAPES = {
    NodeKind.STAGE: ('["', '"]'),
    NodeKind.IMAGE: ('[("', '")]'),
    NodeKind.CONTEXT: ('[/"', '"/]'),
    NodeKind.ENVIRONMENT: ('(["', '"])'),
}
_ARROWS = {
    LinkKind.BASE: "-->",
    LinkKind.COPY: "-. copy .->",
    LinkKind.MOUNT: "-. mount .->",
    LinkKind.TARGET: "==>",
    LinkKind.GATE: "-. gate .-o",
}


def mermaid(picture: Picture) -> str:
    """Return a flowchart, left to right, with a final line end."""
    lines = ["flowchart LR"]
    for node in picture.nodes:
        opening, closing = _SHAPES[node.kind]
        lines.append(f"  {node.id}{opening}{_label(node)}{closing}")
    lines += [f"  {link.source} {_ARROWS[link.kind]} {link.target}" for link in picture.links]
    for name, style, ids in (
        ("environment", "font-weight:bold", _ids(picture, NodeKind.ENVIRONMENT)),
        ("unreached", "stroke-dasharray:4", [n.id for n in picture.nodes if not n.is_reached]),
        ("critical", "stroke-width:3px", [n.id for n in picture.nodes if _is_critical(n)]),
    ):
        if ids:
            lines += [f"  classDef {name} {style}", f"  class {','.join(ids)} {name}"]
    return "\n".join(lines) + "\n"


def _ids(picture: Picture, kind: NodeKind) -> list[str]:
    return [node.id for node in picture.nodes if node.kind is kind]


def _is_critical(node: Node) -> bool:
    return node.figures is not None and node.figures.is_critical


def _label(node: Node) -> str:
    figures = "" if node.figures is None else f"<br>{node.figures.text}"
    text = node.label.replace("#", "#35;").replace('"', "#quot;")
    return text.replace("<", "#lt;").replace(">", "#gt;") + figures
