"""The completion of bash; needs nothing but bash 4."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from stagebuild.cli.completing.words import Option, Value, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEAD = """\
# Completion of stagebuild for bash. Put this into ~/.bashrc:
#   source <(stagebuild completion bash)
_stagebuild_words() {
  local word
  while IFS= read -r word; do
    [[ $word == "$2"* ]] && COMPREPLY+=("$word")
  done < <(printf '%s\\n' $1)
}
_stagebuild_asked() {
  _stagebuild_words "$("${COMP_WORDS[0]}" completion "$1" "${file[@]}" 2>/dev/null)" "$2"
}
_stagebuild_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
_stagebuild() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local verb=build at
  local -a file=()
  COMPREPLY=()
  # bash cuts --option=value in three.
  [[ $current == = ]] && current=
  [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
  for ((at = 1; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in
      -f | --file) ((at + 1 < COMP_CWORD)) && file=(-f "${COMP_WORDS[at + 1]}") ;;
    esac
  done
  if ((COMP_CWORD > 1)); then
    case ${COMP_WORDS[1]} in
      @VERBS@) verb=${COMP_WORDS[1]} ;;
    esac
  fi
"""

_TAIL = """\
}
complete -o bashdefault -F _stagebuild stagebuild
"""


def bash_script(verbs: Sequence[Verb]) -> str:
    """Return what bash is to source."""
    names = " | ".join(verb.name for verb in verbs)
    return "".join((_HEAD.replace("@VERBS@", names), *_values(verbs), *_words(verbs), _TAIL))


def _values(verbs: Sequence[Verb]) -> Iterator[str]:
    """Yield what completes the value of an option."""
    yield "  case $verb:$previous in\n"
    for verb in verbs:
        for option in verb.options:
            if option.value is not Value.NOTHING:
                names = " | ".join(f"{verb.name}:{name}" for name in option.names)
                yield f"    {names}) {_action(option.value, option.choices)}; return ;;\n"
    yield "  esac\n"


def _words(verbs: Sequence[Verb]) -> Iterator[str]:
    """Yield what completes anything else."""
    every = " ".join(verb.name for verb in verbs)
    yield "  case $verb in\n"
    for verb in verbs:
        options = " ".join(name for option in verb.options for name in _typed(option))
        yield f"    {verb.name})\n"
        yield (
            f'      if [[ $current == -* ]]; then _stagebuild_words {quote(options)} "$current"\n'
        )
        yield f"      else {_action(verb.words, verb.choices)}\n      fi ;;\n"
    yield "  esac\n"
    yield "  if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then\n"
    yield f'    _stagebuild_words {quote(every)} "$current"\n  fi\n'


def _typed(option: Option) -> tuple[str, ...]:
    """Return the names worth completing: a long one where there is one."""
    return tuple(name for name in option.names if name.startswith("--")) or option.names


def _action(value: Value, choices: Sequence[str]) -> str:
    match value:
        case Value.CHOICE:
            return f'_stagebuild_words {quote(" ".join(choices))} "$current"'
        case Value.ENVIRONMENT:
            return '_stagebuild_asked environments "$current"'
        case Value.STAGE:
            return '_stagebuild_asked stages "$current"'
        case Value.FILE:
            return "_stagebuild_files"
        case _:
            return ":"
