"""Notifications: events, recipients, channels and deliveries."""

from __future__ import annotations
