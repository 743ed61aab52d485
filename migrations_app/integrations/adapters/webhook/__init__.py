"""Webhooks: HTTP posts to addresses that people have typed in."""

from __future__ import annotations

from migrations_app.integrations.adapters.webhook.address import Address, admit, parse
from migrations_app.integrations.adapters.webhook.client import HttpPost

__all__ = ["Address", "HttpPost", "admit", "parse"]
