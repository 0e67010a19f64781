"""The completion of zsh, with a line of help for each word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.completing.words import Value, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEAD = """\
#compdef stagebuild
# Completion of stagebuild for zsh. Put this into ~/.zshrc, below compinit:
#   source <(stagebuild completion zsh)
_stagebuild_asked() {
  local -a found
  found=(${(f)"$($words[1] completion $1 $file 2>/dev/null)"})
  (( $#found )) && compadd -- $found
}
_stagebuild() {
  local previous=$words[CURRENT-1] verb=build at
  local -a file told
  for ((at = 2; at < CURRENT - 1; at++)); do
    [[ $words[at] == (-f|--file) ]] && file=(-f $words[at+1])
  done
  ((CURRENT > 2)) && [[ $words[2] == (@VERBS@) ]] && verb=$words[2]
"""

_TAIL = """\
}
if [[ $funcstack[1] == _stagebuild ]]; then
  _stagebuild "$@"
else
  compdef _stagebuild stagebuild
fi
"""


def zsh_script(verbs: Sequence[Verb]) -> str:
    """Return what zsh is to source, or to find as ``_stagebuild`` in its fpath."""
    names = "|".join(verb.name for verb in verbs)
    return "".join((_HEAD.replace("@VERBS@", names), *_values(verbs), *_words(verbs), _TAIL))


def _values(verbs: Sequence[Verb]) -> Iterator[str]:
    yield "  case $verb:$previous in\n"
    for verb in verbs:
        for option in verb.options:
            if option.value is not Value.NOTHING:
                names = "|".join(f"{verb.name}:{name}" for name in option.names)
                yield f"    ({names}) {_action(option.value, option.choices)}; return ;;\n"
    yield "  esac\n"


def _words(verbs: Sequence[Verb]) -> Iterator[str]:
    yield "  case $verb in\n"
    for verb in verbs:
        options = [(name, option.help) for option in verb.options for name in option.names]
        yield f"    ({verb.name})\n"
        yield f"      told=({_described(options)})\n"
        yield "      if [[ $words[CURRENT] == -* ]]; then _describe option told\n"
        yield f"      else {_action(verb.words, verb.choices)}\n      fi ;;\n"
    yield "  esac\n"
    yield "  if ((CURRENT == 2)) && [[ $words[CURRENT] != -* ]]; then\n"
    yield f"    told=({_described([(verb.name, verb.help) for verb in verbs])})\n"
    yield "    _describe verb told\n  fi\n"


def _described(pairs: Sequence[tuple[str, str]]) -> str:
    return " ".join(_quoted(f"{_plain(name)}:{_plain(text)}") for name, text in pairs)


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _action(value: Value, choices: Sequence[str]) -> str:
    match value:
        case Value.CHOICE:
            return f"compadd -- {' '.join(map(_quoted, choices))}"
        case Value.ENVIRONMENT:
            return "_stagebuild_asked environments"
        case Value.STAGE:
            return "_stagebuild_asked stages"
        case Value.FILE:
            return "_files"
        case _:
            return ":"
