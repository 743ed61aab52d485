"""A bare machine as a test: ``make stranger``.

Builds the root file system of a distribution that never had any of novaweb, enters it
in namespaces of its own, clones the project there and does what the README says.
Afterwards nothing of it runs, is mounted or lies about, but the bare systems. It stands
on the standard library and on `lab` for packages and progress; nothing imports it.
"""

from __future__ import annotations
