"""The cast of the tests of the trail's pages."""

from __future__ import annotations

from tests.cast import cast, stage
from tests.pages.conftest import (
    anonymous,
    approver,
    auditor,
    operator,
    requester,
)

__all__ = ["anonymous", "approver", "auditor", "cast", "operator", "requester", "stage"]
