"""``@frozen`` keeps to the rules of the standard library's dataclasses; see there."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.values import field, frozen, replaced, slotted


@frozen
class Ours:
    """A value with every kind of field."""

    number: int
    text: str = "x"
    listed: list[int] = field(default_factory=list)
    hidden: int = field(default=0, repr=False)
    ignored: int = field(default=0, compare=False)
    shared: ClassVar[int] = 7

    @property
    def double(self) -> int:
        return 2 * self.number


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """The same, by the standard library."""

    number: int
    text: str = "x"
    listed: list[int] = dataclasses.field(default_factory=list)
    hidden: int = dataclasses.field(default=0, repr=False)
    ignored: int = dataclasses.field(default=0, compare=False)
    shared: ClassVar[int] = 7


@frozen
class Child(Ours):
    """One more field than its base."""

    extra: str = "e"


@frozen(kw_only=False, order=True)
class Point:
    """Given by position, and sorted."""

    x: int
    y: int = 0


@slotted
class Counter:
    """A value that changes."""

    count: int = 0


@frozen
class Checked:
    """A value that refuses."""

    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("below zero")


NUMBERS = st.integers(0, 3)
FIELDS = st.fixed_dictionaries(
    {"number": NUMBERS},
    optional={
        "text": st.sampled_from("xy"),
        "listed": st.lists(NUMBERS, max_size=2),
        "hidden": NUMBERS,
        "ignored": NUMBERS,
    },
)


@given(FIELDS, FIELDS)
def test_values_are_equal_when_dataclasses_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (Ours(**one) == Ours(**other)) == (Theirs(**one) == Theirs(**other))


@given(FIELDS)
def test_a_value_reads_like_a_dataclass(fields: dict[str, Any]) -> None:
    assert repr(Ours(**fields)).replace("Ours", "Theirs") == repr(Theirs(**fields))


@given(FIELDS)
def test_a_value_is_taken_apart_like_a_dataclass(fields: dict[str, Any]) -> None:
    ours: Any = Ours(**fields)
    assert dataclasses.asdict(ours) == dataclasses.asdict(Theirs(**fields))


@given(FIELDS, NUMBERS)
def test_one_field_is_replaced_like_in_a_dataclass(fields: dict[str, Any], number: int) -> None:
    ours: Any = Ours(**fields)
    assert dataclasses.replace(ours, number=number) == replaced(ours, number=number)
    assert replaced(ours, number=number).number == number


@given(FIELDS)
def test_a_value_survives_copying_and_pickling(fields: dict[str, Any]) -> None:
    ours = Ours(**fields)
    assert copy.copy(ours) == copy.deepcopy(ours) == pickle.loads(pickle.dumps(ours)) == ours


def test_each_value_has_its_own_default() -> None:
    assert Ours(number=1).listed is not Ours(number=1).listed


@pytest.mark.parametrize("arguments", [{}, {"number": 1, "nmuber": 2}])
def test_missing_and_unknown_fields_are_type_errors(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"Ours\.__init__"):
        Ours(**arguments)


def test_a_field_can_neither_be_assigned_nor_deleted_nor_added() -> None:
    ours: Any = Ours(number=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        ours.number = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del ours.number
    with pytest.raises(AttributeError):
        ours.other = 3


def test_a_value_has_no_dict() -> None:
    assert not hasattr(Ours(number=1), "__dict__")
    assert not hasattr(Child(number=1), "__dict__")


def test_a_child_has_the_fields_of_its_base_first() -> None:
    child: Any = Child(number=1, extra="z")
    assert [known.name for known in dataclasses.fields(child)][::5] == ["number", "extra"]
    assert (child.number, child.extra, child.double) == (1, "z", 2)
    assert child != Ours(number=1)


def test_values_can_be_given_by_position_and_sorted() -> None:
    assert sorted([Point(2), Point(1, 5), Point(1)]) == [Point(1), Point(1, 5), Point(2)]
    assert Point(1) < Point(2) <= Point(2) > Point(1) >= Point(1)


def test_values_given_by_position_can_be_matched_by_it() -> None:
    match Point(3, 4):
        case Point(x, y):
            assert (x, y) == (3, 4)


def test_a_hashable_value_is_a_key() -> None:
    assert {Point(1, 2): "a"}[Point(1, 2)] == "a"


def test_a_value_that_changes_has_no_hash() -> None:
    counter = Counter()
    counter.count += 1
    assert counter == Counter(count=1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)


def test_a_value_can_refuse_what_it_is_given() -> None:
    with pytest.raises(ValueError, match="below zero"):
        Checked(number=-1)


def test_the_standard_library_takes_it_for_a_dataclass() -> None:
    assert dataclasses.is_dataclass(Ours)


def test_making_values_does_not_import_what_it_avoids() -> None:
    code = (
        "from stagebuild.values import frozen\n@frozen\nclass A:\n    x: int\n"
        "a = A(x=1); a == a; repr(a); hash(a)\n"
        "import sys; print('dataclasses' in sys.modules, 'inspect' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False"]
