"""Maintenance windows and freezes as values: their times and scopes.

Independent of Django. People's times are local times in a named zone; every comparison
is in UTC.
"""
