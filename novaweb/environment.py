"""Reads settings from the environment, and refuses a value that is not what it must be.

django-environ 0.14 alone takes a value that begins with $ for another variable's name,
keeps the final newline of a NAME_FILE and the blanks of a list, and takes every word
for false that it does not know as true (environ/environ.py: get_value, parse_value,
fileaware_mapping.py). Here a value is taken as it is, or the process does not start and
says why: ``refuse`` names all that is wrong, and shows no secret.
"""

from __future__ import annotations

import builtins
import json
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ

T = TypeVar("T")
TRUE = ("true", "yes", "y", "on", "ok", "1")
FALSE = ("false", "no", "n", "off", "0")
DATABASES = ("postgres", "postgresql", "psql", "pgsql", "sqlite")
# A hundred years of days: more lead out of the calendar, backwards to begin with.
MOST_DAYS = 36_500
# Of numbers without a bound of their own: of spans in seconds or hours, which sockets
# and the calendar take, and of whole numbers.
MOST_SPAN, MOST = 1_000_000, 1_000_000_000
_UNREADABLE = "its file {path} cannot be read ({reason})"


class Environment:
    """What the environment says. ``names`` are those asked for, ``wrong`` sentences."""

    def __init__(self, given: builtins.dict[str, str] | None = None) -> None:
        self._given = dict(os.environ) if given is None else given
        self.names: set[str] = set()
        self.wrong: builtins.list[str] = []

    def __call__(self, name: str, default: Any = "") -> Any:
        """Return the text as it is; of a file without its final newline."""
        return self._read(name, default, lambda text: text)

    def whole(self, name: str) -> str:
        """Return the text with the final newline of its file; empty: there is none."""
        try:
            return self._text(name, whole=True) or ""
        except ValueError:
            return ""

    def bool(self, name: str, default: builtins.bool = False) -> builtins.bool:
        """Return true or false. Any other word is wrong, not false."""

        def truth(text: str) -> builtins.bool:
            word = text.strip().lower()
            if word not in TRUE + FALSE:
                raise ValueError(f"it is {shown(text)}: write true or false")
            return word in TRUE

        return self._of_text(name, default, truth)

    def int(
        self,
        name: str,
        default: builtins.int = 0,
        least: builtins.float = 0,
        most: builtins.float = MOST,
    ) -> builtins.int:
        """Return a whole number from ``least`` to ``most``."""

        def whole(text: str) -> builtins.int:
            try:
                number = int(text)
            except ValueError:
                raise ValueError(f"it is {shown(text)}: no whole number") from None
            _within(text, number, least, most)
            return number

        return self._of_text(name, default, whole)

    def days(self, name: str, default: builtins.int) -> builtins.int:
        """Return a whole number of days, a hundred years at most."""
        return self.int(name, default=default, most=MOST_DAYS)

    def float(
        self,
        name: str,
        default: builtins.float = 0.0,
        least: builtins.float = 0,
        most: builtins.float = MOST_SPAN,
    ) -> builtins.float:
        """Return a number from ``least`` to ``most``."""

        def number(text: str) -> builtins.float:
            try:
                found = float(text)
            except ValueError:
                raise ValueError(f"it is {shown(text)}: no number") from None
            if not math.isfinite(found):
                raise ValueError(f"it is {shown(text)}: no number")
            _within(text, found, least, most)
            return found

        return self._of_text(name, default, number)

    def list(self, name: str, default: Sequence[str] = ()) -> builtins.list[str]:
        """Return what commas separate, without blanks around it; empty ones go."""
        return self._read(name, list(default), _items)

    def dict(
        self, name: str, default: builtins.dict[str, str] | None = None
    ) -> builtins.dict[str, str]:
        """Return NAME=VALUE pairs that commas separate, without blanks around each."""

        def pairs(text: str) -> builtins.dict[str, str]:
            found = {}
            for item in _items(text):
                key, mark, value = (part.strip() for part in item.partition("="))
                if not (key and mark and value):
                    raise ValueError(f"{shown(item)} is not NAME=PATH")
                found[key] = value
            return found

        return self._read(name, dict(default or {}), pairs)

    def json(
        self, name: str, default: builtins.dict[str, Any]
    ) -> builtins.dict[str, Any]:
        """Return an object of JSON."""

        def read(text: str) -> builtins.dict[str, Any]:
            try:
                found = json.loads(text)
            except ValueError:
                raise ValueError("it is no JSON") from None
            if not isinstance(found, dict):
                raise ValueError("it is no JSON object: write {…}")
            return found

        return self._of_text(name, default, read)

    def one_of(self, name: str, words: Sequence[str], default: str) -> str:
        """Return one of these words, however its letters are written."""

        def word(text: str) -> str:
            found = [it for it in words if it.lower() == text.strip().lower()]
            if not found:
                raise ValueError(f"it is {shown(text)}: write {' or '.join(words)}")
            return found[0]

        return self._of_text(name, default, word)

    def zone(self, name: str, default: str) -> str:
        """Return the name of a time zone that is known here."""

        def known(text: str) -> str:
            try:
                return ZoneInfo(text.strip()).key
            except (ValueError, OSError, ZoneInfoNotFoundError):
                raise ValueError(
                    f"it is {shown(text)}: no time zone. Write UTC or Europe/Berlin"
                ) from None

        return self._of_text(name, default, known)

    def db_url(self, name: str, default: str = "") -> builtins.dict[str, Any]:
        """Return Django's form of a database's address; it is not shown."""

        def address(text: str) -> builtins.dict[str, Any]:
            good = "write postgres://USER:PASSWORD@HOST/NAME or sqlite:////PATH"
            try:
                scheme = urlsplit(text).scheme
                if scheme not in DATABASES or text != text.strip():
                    raise ValueError
                found = dict(environ.Env.db_url_config(text))
            except (ValueError, KeyError):
                raise ValueError(f"it is no address of a database: {good}") from None
            if not found["NAME"]:
                raise ValueError(f"it names no database: {good}")
            return found

        return self._read(name, address(default), address)

    def refuse(self) -> None:
        """End the process with a sentence for each value that is wrong, if any is."""
        if self.wrong:
            raise SystemExit("\n".join(["novaweb does not start:", *self.wrong]))

    def _of_text(self, name: str, default: T, read: Callable[[str], T]) -> T:
        """Like _read; an empty value is none, as container files leave them."""
        return self._read(name, default, lambda it: read(it) if it.strip() else default)

    def _read(self, name: str, default: T, read: Callable[[str], T]) -> T:
        self.names.add(name)
        try:
            text = self._text(name)
            return default if text is None else read(text)
        except ValueError as error:
            self.wrong.append(f"{name}: {error}.")
            return default

    def _text(self, name: str, *, whole: builtins.bool = False) -> str | None:
        file = self._given.get(f"{name}_FILE")
        if not file:
            return self._given.get(name)
        try:
            text = Path(file).read_text(encoding="utf-8")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ValueError(_UNREADABLE.format(path=file, reason=reason)) from None
        except UnicodeDecodeError:
            raise ValueError(
                _UNREADABLE.format(path=file, reason="it is no UTF-8")
            ) from None
        return text if whole else text.removesuffix("\n").removesuffix("\r")


def shown(text: str) -> str:
    """Return the text as a sentence shows it."""
    return f"“{text[:60]}”"


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _within(text: str, number: float, least: float, most: float) -> None:
    if not least <= number <= most:
        bound = f"{least:g} or more" if number < least else f"{most:.10g} or less"
        raise ValueError(f"it is {text.strip()[:60]}: it must be {bound}")
