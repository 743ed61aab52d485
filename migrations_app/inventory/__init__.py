"""Our copy of the clouds: what hosts and instances there are, and what they use.

``turn`` says when a cloud is read and by whom, ``sync`` reads it, ``rows`` turns what
was read into rows, ``snapshots`` keeps the history of the capacity, ``capacity`` adds
up what is used by whom.
"""

from __future__ import annotations
