"""Maintenance windows and freezes: when a move may start."""
