"""The stage and the cast that the tests of the calendar play with."""

from __future__ import annotations

from tests.cast import cast, stage

__all__ = ["cast", "stage"]
