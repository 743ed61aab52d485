"""A failed ``assert`` says what it compared, in what tests call as in tests themselves.

pytest rewrites tests and its plug-ins alone, unless it is told of more before their
first import.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

folders = sorted(path.name for path in Path(__file__).parent.iterdir() if path.is_dir())
names = [f"tests.{name}" for name in (*folders, "counted_approvals", "messages")]
pytest.register_assert_rewrite(*(name for name in names if name not in sys.modules))
