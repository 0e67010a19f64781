"""A failed build, told to a person: what, where in the Dockerfile, what it printed, what next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import BuildCanceled, BuildFailed, GateFailed
from stagebuild.report.cells import clean, fit
from stagebuild.report.excerpt import excerpt
from stagebuild.report.look import Look, Tone

if TYPE_CHECKING:
    from stagebuild.errors import StagebuildError

_LOG_LINES = 20
_MARK = ">>>"


def failure(error: StagebuildError, dockerfile: str | None = None, *, look: Look) -> str:
    """
    Return the error as lines for a terminal, without a final line end.

    Args:
        error: Any of ours; a ``BuildFailed`` has more to tell.
        dockerfile: Text of the Dockerfile that ``error.path`` names, for the lines around the
            failing instruction; None leaves them out.
        look: What the stream can take. Log lines are never cut: the end of a compiler's line
            is often the part that matters.
    """
    sections = [_headline(error, look=look)]
    if isinstance(error, BuildFailed):
        sections += [_source(error, dockerfile, look=look), _log(error, look=look)]
    if error.hint is not None:
        sections.append(f"{look.paint('hint:', Tone.CAUTION)} {error.hint}")
    return "\n\n".join(filter(None, sections))


def not_published(error: GateFailed, *, look: Look) -> str:
    """Return the one line that is left to say where the gate's own failure is told, too."""
    head = f"{look.paint('error:', Tone.BAD)} {look.paint(error.build, Tone.TITLE)}"
    return f'{head}: not published: gate "{error.gate}" failed'


def reason(error: StagebuildError) -> str:
    """
    Return why it failed, in one line.

    For a process that failed this is the stage and its exit code: the engine's own sentence holds
    the whole command, which is told where there is room for it.
    """
    message = clean(error.message.partition("\n")[0])
    if not isinstance(error, BuildFailed):
        return message
    if isinstance(error, GateFailed):
        return f'gate "{error.gate}" failed'
    if error.exit_code is not None and error.step is not None:
        message = f"exit code {error.exit_code}"
    return message if error.stage is None else f"{error.stage}: {message}"


def _headline(error: StagebuildError, *, look: Look) -> str:
    message = "\n".join(map(clean, error.message.split("\n")))
    match error:
        case BuildCanceled():
            label = look.paint("canceled:", Tone.CAUTION)
            return f"{label} {look.paint(error.build, Tone.TITLE)}{_where(error)}: {message}"
        case GateFailed():
            where = "" if error.stage is None else f" in stage {error.stage}"
            if error.exit_code is not None and error.step is not None:
                message = f"exit code {error.exit_code}"
            return f"{not_published(error, look=look)}{where}: {message}"
        case BuildFailed():
            label = look.paint("error:", Tone.BAD)
            if error.exit_code is not None and error.step is not None:
                message = f"exit code {error.exit_code}"
            return f"{label} {look.paint(error.build, Tone.TITLE)}{_where(error)}: {message}"
        case _:
            # The other kinds compose their place themselves, in front of the message.
            text = str(error).removesuffix(f"\n  hint: {error.hint}")
            return f"{look.paint('error:', Tone.BAD)} {text}"


def _where(error: BuildFailed) -> str:
    """Return `` in stage builder``, or nothing for a failure outside of every stage."""
    return "" if error.stage is None else f" in stage {error.stage}"


def _source(error: BuildFailed, dockerfile: str | None, *, look: Look) -> str:
    """Return the step and, where the text is at hand, the lines of the Dockerfile around it."""
    place = ""
    if error.path is not None:
        place = error.path if error.line is None else f"{error.path}:{error.line}"
    if dockerfile is None or error.line is None:
        step = "" if error.step is None else fit(clean(error.step), look.width - len(place) - 2)
        return f"{place}  {step}".strip()
    shown = excerpt(dockerfile, error.line)
    digits = len(str(max((line.number for line in shown), default=0)))
    lines = [place] if place else []
    for line in shown:
        text = fit(clean(line.text), look.width - digits - 9, ellipsis=look.glyphs.ellipsis)
        number = f"{line.number:>{digits}} {look.glyphs.pipe}"
        if line.marked:
            lines.append(f"{look.paint(f'{_MARK} {number}', Tone.BAD)} {text}".rstrip())
        else:
            lines.append(look.paint(f"{'':{len(_MARK)}} {number} {text}".rstrip(), Tone.QUIET))
    return "\n".join(lines)


def _log(error: BuildFailed, *, look: Look) -> str:
    tail = error.log_tail[-_LOG_LINES:]
    if not tail:
        return ""
    bar = look.paint(look.glyphs.pipe, Tone.BAD)
    return "\n".join(["last lines of its output:", *(f"  {bar} {clean(line)}" for line in tail)])
