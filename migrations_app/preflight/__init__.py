"""Pre-flight checks of a move, before it starts.

Pure: facts are gathered once through the interfaces, and everything else is judgement.
"""

from __future__ import annotations

from migrations_app.preflight.rule_docs import documentation

__all__ = ["documentation"]
