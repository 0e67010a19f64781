"""
Text with Compose's variables -> text with those of the process environment, as ours.

Source: compose-spec 12-interpolation.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_USE = re.compile(r"\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(:?[-?+]|\}))")


def interpolated(text: str, warn: Callable[[str], None]) -> str:
    """
    Return text in which ``${A:-b}`` is ``${env.A:-b}``, however deep defaults are nested.

    Args:
        text: As Compose has it.
        warn: Is told of forms that there is nothing for: ``${A:+b}`` is left empty.
    """
    pieces = []
    at = 0
    while found := _USE.search(text, at):
        pieces.append(text[at : found.start()])
        at = found.end()
        name, sign = found[1] or found[2], found[3]
        if found[0] == "$$":
            pieces.append("$$")
        elif sign in (None, "}"):
            pieces.append(f"${{env.{name}:-}}")
        else:
            end = _closing(text, at)
            rest = text[at:end]
            at = end + 1
            match sign[-1]:
                case "-":
                    pieces.append(f"${{env.{name}:-{interpolated(rest, warn)}}}")
                case "?":
                    pieces.append(f"${{env.{name}}}")
                case _:
                    whole = text[found.start() : at]
                    warn(f"{whole}: there is no such form; it is left empty")
    return "".join([*pieces, text[at:]])


def _closing(text: str, at: int) -> int:
    """Return where the brace is that ends what begins before ``at``; the end without one."""
    depth = 1
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at
        at += 1
    return at
