"""Maintenance windows and freezes as values: when they are, and whom they are about.

Knows nothing of Django. Times of people are what clocks on the wall show in a named
zone; all that is compared is UTC.
"""
