"""The mark of a test that shows what novaweb does when messages meet trouble.

``python -m proof.messages`` runs them and prints the table; docs/message-faults.md has
it, too.
"""

from __future__ import annotations

import pytest


def fault(what: str, *, does: str) -> pytest.MarkDecorator:
    """Mark a test: what goes wrong, and what novaweb does then."""
    return pytest.mark.fault(what, does=does)
