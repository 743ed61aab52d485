"""Telling people: which events, whom, by which way, and whether it arrived."""

from __future__ import annotations
