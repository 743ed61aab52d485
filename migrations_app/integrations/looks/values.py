"""Frozen values as JSON, and back: exactly what was sent, or ValueError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Return the value as JSON holds it; dataclasses by their fields."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {to_json(key): to_json(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(each) for each in value]
    return value


def from_json(kind: type[T], value: Any) -> T:
    """Return the value of that kind that ``to_json`` has written so.

    Raises ValueError for whatever else: a field more or less means that the other side
    is of another version.
    """
    return cast("T", _read(kind, value))


def _read(kind: Any, value: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if value is None and NoneType in inner:
            return None
        (kind,) = (each for each in inner if each is not NoneType)
        return _read(kind, value)
    if origin is not None:
        return _read_many(origin, inner, value)
    if is_dataclass(kind):
        return _read_fields(kind, value)
    if issubclass(kind, Enum):
        return kind(value)
    if kind is datetime:
        return datetime.fromisoformat(_exactly(str, value))
    return _exactly(kind, value)


def _read_many(origin: Any, inner: tuple[Any, ...], value: Any) -> Any:
    if issubclass(origin, Mapping):
        pairs = _exactly(dict, value).items()
        return {_read(inner[0], key): _read(inner[1], each) for key, each in pairs}
    if issubclass(origin, Sequence):
        return tuple(_read(inner[0], each) for each in _exactly(list, value))
    raise ValueError(f"no form for {origin}")


def _read_fields(kind: Any, value: Any) -> Any:
    hints = _hints(kind)
    if _exactly(dict, value).keys() != hints.keys():
        raise ValueError(f"not the fields of {kind.__name__}")
    return kind(**{name: _read(hint, value[name]) for name, hint in hints.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


def _exactly(kind: Any, value: Any) -> Any:
    """Return the value if it is of that very kind: True is no number."""
    if type(value) is not kind:
        raise ValueError(f"{type(value).__name__} instead of {kind.__name__}")
    return value
