"""
Protocol buffers, as much of them as BuildKit's messages use: a message is a class with fields.

::

    class Secret(Message):
        id: str = text(1)
        data: bytes = blob(2)

    Secret(id="token", data=b"…").encode()      # bytes
    Secret.decode(received).data                # what was not sent is the field's zero value

A message on the wire is a run of fields, each a key and a value. The key is a number, eight times
the field's number plus how the value is written: 0 a varint, 1 eight bytes, 2 a length and that
many bytes, 5 four bytes. Fields that a class does not name are skipped, so newer peers are
understood.

Classes are built without ``dataclass`` because that compiles source for each of them, which costs
more at start-up than everything else in this room.

Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from stagebuild.buildkit.errors import MalformedMessage
from stagebuild.buildkit.varints import read_varint, signed, varint

if TYPE_CHECKING:
    from collections.abc import Mapping

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Field:
    """
    What a message says of one field.

    Attributes:
        number: Its number on the wire.
        kind: How one value is read and written.
        zero: What an absent field reads as.
        repeated: Whether values add up to a tuple.
    """

    __slots__ = ("kind", "name", "number", "repeated", "zero")

    def __init__(self, number: int, kind: Kind, *, zero: object, repeated: bool = False) -> None:
        self.number = number
        self.kind = kind
        self.zero = zero
        self.repeated = repeated
        self.name = ""


class Kind:
    """How one value of a field is written: its wire type, and both directions of one value."""

    wire_type: ClassVar[int] = BYTES

    def dump(self, value: Any) -> bytes:
        """Return the value's bytes, without key and length."""
        raise NotImplementedError

    def load(self, value: Any) -> Any:
        """Return the value of a varint (an int) or of bytes."""
        raise NotImplementedError


class _Integer(Kind):
    wire_type = VARINT

    def dump(self, value: Any) -> bytes:
        return varint(value)

    def load(self, value: Any) -> Any:
        return signed(value)


class _Boolean(_Integer):
    def load(self, value: Any) -> Any:
        return bool(value)


class _Text(Kind):
    # BuildKit sends file names and program output in strings, which need not be UTF-8.
    def dump(self, value: Any) -> bytes:
        return cast("str", value).encode("utf-8", "surrogateescape")

    def load(self, value: Any) -> Any:
        return bytes(value).decode("utf-8", "surrogateescape")


class _Blob(Kind):
    def dump(self, value: Any) -> bytes:
        return cast("bytes", value)

    def load(self, value: Any) -> Any:
        return bytes(value)


class _Nested(Kind):
    def __init__(self, kind: type[Message]) -> None:
        self._type = kind

    def dump(self, value: Any) -> bytes:
        return cast("Message", value).encode()

    def load(self, value: Any) -> Any:
        return self._type.decode(value)


class _Entry(Kind):
    """One entry of a map: a message of key 1 and value 2."""

    def __init__(self, key: Kind, value: Kind) -> None:
        self._key = key
        self._value = value

    def dump(self, value: Any) -> bytes:
        key, item = value
        return _tagged(1, self._key, key) + _tagged(2, self._value, item)

    def load(self, value: Any) -> Any:
        key, item = "", None
        for number, raw in read_fields(value):
            if number == 1:
                key = self._key.load(raw)
            elif number == 2:  # noqa: PLR2004 - the value's number in every map
                item = self._value.load(raw)
        return key, self._value.load(b"") if item is None else item


_INTEGER, _BOOLEAN, _TEXT, _BLOB = _Integer(), _Boolean(), _Text(), _Blob()


def integer(number: int) -> int:
    """Declare an integer or enumeration field."""
    return cast("int", Field(number, _INTEGER, zero=0))


def boolean(number: int) -> bool:
    """Declare a boolean field."""
    return cast("bool", Field(number, _BOOLEAN, zero=False))


def text(number: int) -> str:
    """Declare a string field; bytes that are no UTF-8 become surrogate escapes."""
    return cast("str", Field(number, _TEXT, zero=""))


def texts(number: int) -> tuple[str, ...]:
    """Declare a repeated string field."""
    return cast("tuple[str, ...]", Field(number, _TEXT, zero=(), repeated=True))


def blob(number: int) -> bytes:
    """Declare a bytes field."""
    return cast("bytes", Field(number, _BLOB, zero=b""))


def blobs(number: int) -> tuple[bytes, ...]:
    """Declare a repeated bytes field."""
    return cast("tuple[bytes, ...]", Field(number, _BLOB, zero=(), repeated=True))


M = TypeVar("M", bound="Message")


def message(number: int, kind: type[M]) -> M | None:
    """Declare a field that holds another message, None when absent."""
    return cast("M | None", Field(number, _Nested(kind), zero=None))


def messages(number: int, kind: type[M]) -> tuple[M, ...]:
    """Declare a repeated field of messages."""
    return cast("tuple[M, ...]", Field(number, _Nested(kind), zero=(), repeated=True))


def mapping(number: int) -> Mapping[str, str]:
    """Declare a map of strings."""
    return cast("Mapping[str, str]", Field(number, _Entry(_TEXT, _TEXT), zero={}, repeated=True))


def blob_mapping(number: int) -> Mapping[str, bytes]:
    """Declare a map of strings to bytes."""
    return cast("Mapping[str, bytes]", Field(number, _Entry(_TEXT, _BLOB), zero={}, repeated=True))


class Message:
    """The base of every message: keyword arguments in, bytes out, and back."""

    _fields: ClassVar[dict[int, Field]] = {}
    _zeros: ClassVar[dict[str, object]] = {}

    def __init_subclass__(cls) -> None:
        cls._fields = {}
        cls._zeros = {}
        for name, field in list(vars(cls).items()):
            if isinstance(field, Field):
                field.name = name
                cls._fields[field.number] = field
                cls._zeros[name] = field.zero
                delattr(cls, name)

    def __init__(self, **values: Any) -> None:
        unknown = values.keys() - self._zeros.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {min(unknown)!r}")
        self.__dict__ = {**self._zeros, **values}

    def __repr__(self) -> str:
        # Field names only: a message may carry a secret, and messages end up in tracebacks.
        given = (name for name, value in vars(self).items() if value != self._zeros[name])
        return f"{type(self).__name__}({', '.join(given)})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]  # maps inside

    def encode(self) -> bytes:
        """Return the message's bytes; zero values are left out, fields ascend."""
        parts: list[bytes] = []
        for number in sorted(self._fields):
            field = self._fields[number]
            value = vars(self)[field.name]
            if field.repeated:
                items = value.items() if isinstance(value, dict) else value
                parts += [_tagged(number, field.kind, item) for item in items]
            elif value != field.zero:
                parts.append(_tagged(number, field.kind, value))
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Self:
        """
        Return the message that ``data`` is.

        Raises:
            MalformedMessage: It is cut off, or a field is written in another way than declared.
        """
        values = dict(cls._zeros)
        lists: dict[str, list[Any]] = {}
        for number, raw in read_fields(data):
            field = cls._fields.get(number)
            if field is None:
                continue
            if isinstance(raw, int) is not (field.kind.wire_type == VARINT):
                raise MalformedMessage(f"{cls.__name__}.{field.name} is written in another way")
            if field.repeated:
                lists.setdefault(field.name, []).append(field.kind.load(raw))
            else:
                values[field.name] = field.kind.load(raw)
        for name, items in lists.items():
            values[name] = dict(items) if isinstance(cls._zeros[name], dict) else tuple(items)
        made = cls.__new__(cls)
        made.__dict__ = values
        return made


def _tagged(number: int, kind: Kind, value: object) -> bytes:
    data = kind.dump(value)
    if kind.wire_type == VARINT:
        return varint(number << 3) + data
    return varint(number << 3 | BYTES) + varint(len(data)) + data


def read_fields(data: bytes | memoryview) -> list[tuple[int, int | memoryview]]:
    """
    Return number and raw value (a number, or bytes) of every field, in the order received.

    Raises:
        MalformedMessage: The data is cut off, or uses a wire type that does not exist.
    """
    view = memoryview(data)
    size = len(view)
    position = 0
    fields: list[tuple[int, int | memoryview]] = []
    while position < size:
        key, position = read_varint(view, position)
        wire_type = key & 7
        if wire_type == VARINT:
            value, position = read_varint(view, position)
            fields.append((key >> 3, value))
            continue
        if wire_type == BYTES:
            length, position = read_varint(view, position)
        elif wire_type in (FIXED64, FIXED32):
            length = 8 if wire_type == FIXED64 else 4
        else:
            raise MalformedMessage(f"wire type {wire_type} does not exist")
        end = position + length
        if end > size:
            raise MalformedMessage("a field is cut off")
        fields.append((key >> 3, view[position:end]))
        position = end
    return fields
