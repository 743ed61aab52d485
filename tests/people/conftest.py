"""The stage and the cast that the tests of people play with."""

from __future__ import annotations

from tests.cast import cast, stage

__all__ = ["cast", "stage"]
