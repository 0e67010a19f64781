"""
The graph in DOT, for Graphviz.

Source: graphviz.org/doc/info/lang.html; in a quoted text only the quote and, before it, the
backslash need escaping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.report.stagegraph.picture import LinkKind, NodeKind

if TYPE_CHECKING:
    from stagebuild.report.stagegraph.picture import Node, Picture

_SHAPES = {
    NodeKind.STAGE: "box",
    NodeKind.IMAGE: "cylinder",
    NodeKind.CONTEXT: "folder",
    NodeKind.ENVIRONMENT: "oval",
}
_LINES = {
    LinkKind.BASE: "",
    LinkKind.COPY: ' [style=dashed label="copy"]',
    LinkKind.MOUNT: ' [style=dotted label="mount"]',
    LinkKind.TARGET: " [penwidth=2]",
    LinkKind.GATE: ' [style=dotted arrowhead=dot label="gate" constraint=false]',
}


def dot(picture: Picture) -> str:
    """Return a directed graph, left to right, with a final line end."""
    lines = [
        f"digraph {_quoted(picture.title)} {{",
        "  rankdir=LR",
        '  node [fontname="sans-serif"]',
    ]
    lines += [f"  {node.id} [{_attributes(node)}]" for node in picture.nodes]
    lines += [f"  {link.source} -> {link.target}{_LINES[link.kind]}" for link in picture.links]
    return "\n".join([*lines, "}"]) + "\n"


def _attributes(node: Node) -> str:
    label = node.label if node.figures is None else f"{node.label}\n{node.figures.text}"
    attributes = f"shape={_SHAPES[node.kind]} label={_quoted(label)}"
    if node.figures is not None and node.figures.is_critical:
        attributes += " penwidth=3"
    return attributes if node.is_reached else f"{attributes} style=dashed"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
