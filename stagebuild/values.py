"""
``@frozen``: a frozen, slotted dataclass with keyword-only fields, whose methods are made late.

``dataclasses`` writes and compiles six methods for each class when its module is imported: 0.8 ms a
class, 0.1 s for ours, at every start of a program whose whole run may take 0.2 s. ``@frozen`` does
the same work when a class is first used. It keeps to the standard decorator's rules, which its
tests compare it with, and its classes are dataclasses to ``dataclasses.fields``, ``replace``,
``asdict`` and ``is_dataclass``.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    import dataclasses
    from collections.abc import Callable, Mapping

T = TypeVar("T")

_MISSING: Any = object()
_FIELDS = "__value_fields__"


class _Field:
    """What is known of a field besides its name and type."""

    __slots__ = ("compare", "default", "default_factory", "repr")

    def __init__(
        self, default: object, default_factory: object, *, compare: bool, repr_: bool
    ) -> None:
        self.default = default
        self.default_factory: Any = default_factory
        self.compare = compare
        self.repr = repr_


def field(
    *,
    default: Any = _MISSING,
    default_factory: Callable[[], Any] = _MISSING,
    compare: bool = True,
    repr: bool = True,  # noqa: A002 - dataclasses.field's own name for it
) -> Any:
    """Return what stands for a field's default; as ``dataclasses.field``."""
    return _Field(default, default_factory, compare=compare, repr_=repr)


@overload
def frozen(cls: type[T], /) -> type[T]: ...
@overload
def frozen(*, kw_only: bool = True, order: bool = False) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(
    cls: type[T] | None = None, /, *, kw_only: bool = True, order: bool = False
) -> type[T] | Callable[[type[T]], type[T]]:
    """
    Return the class as a value type: frozen, slotted, compared and hashed by its fields.

    Args:
        cls: A class with annotated fields; a method that it defines itself is kept.
        kw_only: Whether fields are given by name only.
        order: Whether values can be sorted, by their fields in order.
    """
    if cls is None:
        return lambda given: _made(
            given, kw_only=kw_only, methods=_FROZEN | (_ORDERED if order else {})
        )
    return _made(cls, kw_only=kw_only, methods=_FROZEN | (_ORDERED if order else {}))


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
def slotted(cls: type[T]) -> type[T]:
    """Return the class as a slotted one whose fields can be assigned; it has no hash."""
    return _made(cls, kw_only=True, methods=_MUTABLE)


def _made(cls: type[T], *, kw_only: bool, methods: Mapping[str, Any]) -> type[T]:
    body = dict(cls.__dict__)
    own = _own_fields(body)
    inherited: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        inherited |= base.__dict__.get(_FIELDS, {})
    for name in ("__dict__", "__weakref__", *own):
        body.pop(name, None)
    body["__slots__"] = tuple(name for name in own if name not in inherited)
    body[_FIELDS] = inherited | own
    body["__dataclass_fields__"] = _DataclassFields()
    if not kw_only:
        body.setdefault("__match_args__", (*(inherited | own),))
    if "__eq__" not in body:
        body["__hash__"] = methods["__hash__"]
    body = {**methods, **body}
    metaclass: Any = type(cls)
    made = metaclass(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    made.__init__ = _first_init(made, kw_only=kw_only)
    return made  # type: ignore[no-any-return]  # of the same metaclass, name, bases and body


def _own_fields(body: Mapping[str, Any]) -> dict[str, _Field]:
    """Return the fields that a class body declares, in order."""
    fields = {}
    for name, annotation in body.get("__annotations__", {}).items():
        if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            continue
        given = body.get(name, _MISSING)
        if not isinstance(given, _Field):
            given = _Field(given, _MISSING, compare=True, repr_=True)
        fields[name] = given
    return fields


def _first_init(made: Any, *, kw_only: bool) -> Callable[..., None]:
    """Return an ``__init__`` that replaces itself by a compiled one when it is first called."""

    def __init__(self: Any, *positional: Any, **named: Any) -> None:  # noqa: N807 - it becomes it
        made.__init__ = _compiled_init(made, kw_only=kw_only)
        made.__init__(self, *positional, **named)

    return __init__


def _compiled_init(made: Any, *, kw_only: bool) -> Callable[..., None]:
    """Return ``__init__`` with a parameter for each field, as if it had been written by hand."""
    known: dict[str, Any] = {"_missing": _MISSING}
    parameters, lines = [], []
    for name, declared in getattr(made, _FIELDS).items():
        known[f"_set_{name}"] = getattr(made, name).__set__
        given = name
        if declared.default_factory is not _MISSING:
            known[f"_make_{name}"] = declared.default_factory
            parameters.append(f"{name}=_missing")
            given = f"_make_{name}() if {name} is _missing else {name}"
        elif declared.default is not _MISSING:
            known[f"_default_{name}"] = declared.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        lines.append(f"    _set_{name}(self, {given})")
    if hasattr(made, "__post_init__"):
        lines.append("    self.__post_init__()")
    star = ["*"] if kw_only and parameters else []
    head = f"def __init__({', '.join(['self', *star, *parameters])}):"
    exec("\n".join([head, *(lines or ["    pass"])]), known)  # noqa: S102 - our own field names
    init: Callable[..., None] = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


class _DataclassFields:
    """What ``dataclasses`` looks for on a class; made when it looks."""

    def __get__(self, instance: object, owner: Any) -> dict[str, dataclasses.Field[Any]]:
        import dataclasses  # noqa: PLC0415 - its import is what we avoid

        def standard(declared: _Field) -> Any:
            options = {
                name: given
                for name in ("default", "default_factory")
                if (given := getattr(declared, name)) is not _MISSING
            }
            return dataclasses.field(**options, compare=declared.compare, repr=declared.repr)

        types = field_types(owner)
        twin = dataclasses.make_dataclass(
            owner.__name__,
            [(name, types[name], standard(it)) for name, it in getattr(owner, _FIELDS).items()],
            kw_only=True,
        )
        fields: dict[str, dataclasses.Field[Any]] = vars(twin)["__dataclass_fields__"]
        owner.__dataclass_fields__ = fields
        return fields


def _annotations(cls: type) -> list[tuple[str, Any]]:
    return list(cls.__dict__.get("__annotations__", {}).items())  # noqa: RUF063 - inspect is slow


def _compared(instance: Any) -> tuple[Any, ...]:
    """Return the values of the fields that count for comparison."""
    cls = instance.__class__
    getter = _GETTERS.get(cls)
    if getter is None:
        names = [name for name, declared in getattr(cls, _FIELDS).items() if declared.compare]
        getter = attrgetter(*names) if len(names) > 1 else _getter_of(names)
        _GETTERS[cls] = getter
    return getter(instance)


def _getter_of(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what gives a tuple of no field or of one, which ``attrgetter`` does not."""
    return lambda instance: tuple(getattr(instance, name) for name in names)


_GETTERS: dict[type, Callable[[Any], tuple[Any, ...]]] = {}


def _eq(self: Any, other: object) -> object:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _compared(self) == _compared(other)


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _lt(self: Any, other: object) -> object:
    return (
        _compared(self) < _compared(other) if other.__class__ is self.__class__ else NotImplemented
    )


def _le(self: Any, other: object) -> object:
    return (
        _compared(self) <= _compared(other) if other.__class__ is self.__class__ else NotImplemented
    )


def _gt(self: Any, other: object) -> object:
    return (
        _compared(self) > _compared(other) if other.__class__ is self.__class__ else NotImplemented
    )


def _ge(self: Any, other: object) -> object:
    return (
        _compared(self) >= _compared(other) if other.__class__ is self.__class__ else NotImplemented
    )


def _repr(self: Any) -> str:
    shown = [
        f"{name}={getattr(self, name)!r}"
        for name, declared in getattr(self, _FIELDS).items()
        if declared.repr
    ]
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _setattr(_self: Any, name: str, _value: object) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - a mistake is being reported

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - a mistake is being reported

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in getattr(self, _FIELDS)]


def _setstate(self: Any, state: list[Any]) -> None:
    for name, held in zip(getattr(self, _FIELDS), state, strict=True):
        getattr(self.__class__, name).__set__(self, held)


def field_types(cls: type) -> dict[str, str]:
    """Return the fields of a value class with their types as written, those of its bases first."""
    types = {name: kind for base in cls.__mro__[::-1] for name, kind in _annotations(base)}
    return {name: str(types[name]) for name in getattr(cls, _FIELDS)}


def field_values(instance: object) -> dict[str, Any]:
    """Return the fields of a value by name; what is inside them stays as it is."""
    return {name: getattr(instance, name) for name in getattr(instance, _FIELDS)}


def replaced(instance: T, /, **changes: object) -> T:
    """Return a copy of a value with other fields; ``dataclasses.replace`` without its import."""
    return instance.__class__(**(field_values(instance) | changes))


_MUTABLE: dict[str, Any] = {
    "__eq__": _eq,
    "__hash__": None,
    "__repr__": _repr,
    "__getstate__": _getstate,
    "__setstate__": _setstate,
    "__replace__": replaced,
}
_FROZEN: dict[str, Any] = _MUTABLE | {
    "__hash__": _hash,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
}
_ORDERED: dict[str, Any] = {"__lt__": _lt, "__le__": _le, "__gt__": _gt, "__ge__": _ge}
