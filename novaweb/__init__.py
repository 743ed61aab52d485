"""The Django project: settings, addresses, and how servers find it."""

from __future__ import annotations

from novaweb import garbage

# every process of novaweb's begins here, and loads all the rest after this
garbage.look_seldom()
