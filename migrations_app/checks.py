"""System checks: what must be so before novaweb may be trusted with machines."""

from __future__ import annotations
