"""
The names of builds: ``prod``, ``api:prod``, ``test[python=3.12]``, ``api:test[python=3.12]``.

An environment's own name stands for every image that has it and for every combination of its
matrix; what is put around it narrows that down.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.config.keypaths import Misfit
from stagebuild.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.planning.inheritance import Settings

_FORM = r"(?:(?P<image>[^:\[\]]*):)?(?P<environment>[^:\[\]]+)(?:\[(?P<values>[^\[\]]*)\])?"
_UNFIT_FOR_TAGS = r"[^A-Za-z0-9_.-]+"

Combination = tuple[tuple[str, str], ...]
"""Axis and value, in the order of the axes."""


class BuildName(NamedTuple):
    """
    What is built: an environment of an image, in a combination of its matrix.

    Attributes:
        environment: Its name.
        image: The image's name, or None in a project that has only one.
        combination: Values by axis; empty without a matrix.
    """

    environment: str
    image: str | None = None
    combination: Combination = ()

    @classmethod
    def parse(cls, text: str) -> BuildName | None:
        """Return the name that ``text`` is, with part of a combination perhaps; None for none."""
        found = re.fullmatch(_FORM, text)
        if found is None:
            return None
        pairs = [pair.partition("=") for pair in (found["values"] or "").split(",") if pair]
        combination = tuple((axis.strip(), value.strip()) for axis, _, value in pairs)
        return cls(found["environment"], found["image"], combination)

    @property
    def tag(self) -> str:
        """The tag of an image that has none of its own: ``test-3.12``."""
        values = (re.sub(_UNFIT_FOR_TAGS, "-", value) for _, value in self.combination)
        return "-".join([self.environment, *values])

    def __str__(self) -> str:
        values = ",".join(f"{axis}={value}" for axis, value in self.combination)
        prefix = "" if self.image is None else f"{self.image}:"
        return f"{prefix}{self.environment}{f'[{values}]' if values else ''}"


def combinations(settings: Settings) -> tuple[Combination, ...]:
    """
    Return the combinations of an environment's matrix; a single empty one without a matrix.

    Raises:
        Misfit: One that is included lacks an axis or has another one, an excluded one has another
            one, or nothing is left; the place begins with the field.
    """
    matrix: Mapping[str, Sequence[str]] = settings.get("matrix", {})
    excluded = settings.get("matrix_exclude", ())
    included = settings.get("matrix_include", ())
    if not matrix:
        return ((),)
    for index, each in enumerate(excluded):
        _check_axes(each, matrix, "matrix_exclude", index)
    axes = [[(axis, value) for value in values] for axis, values in matrix.items()]
    found = [c for c in itertools.product(*axes) if not any(_has(c, each) for each in excluded)]
    for index, each in enumerate(included):
        _check_axes(each, matrix, "matrix_include", index)
        if len(each) < len(matrix):
            missing = next(axis for axis in matrix if axis not in each)
            raise Misfit(f'it has no value for "{missing}"', "matrix_include", index)
        found.append(tuple((axis, each[axis]) for axis in matrix))
    if not found:
        raise Misfit("no combination is left", "matrix")
    return tuple(dict.fromkeys(found))


def narrowed(found: Sequence[Combination], wanted: Combination) -> Iterator[Combination]:
    """Yield the combinations that have all the values of ``wanted``."""
    return (combination for combination in found if _has(combination, dict(wanted)))


def _has(combination: Combination, values: Mapping[str, str]) -> bool:
    return values.items() <= dict(combination).items()


def _check_axes(
    values: Mapping[str, str], matrix: Mapping[str, object], field: str, index: int
) -> None:
    for axis in values:
        if axis not in matrix:
            raise Misfit(f'no axis "{axis}"{did_you_mean(axis, matrix)}', field, index)
