"""The cast of the tests of the trail's pages."""

from __future__ import annotations

from tests.web.conftest import (
    anonymous,
    approver,
    auditor,
    operator,
    requester,
)

__all__ = ["anonymous", "approver", "auditor", "operator", "requester"]
