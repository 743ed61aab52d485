"""Our copy of the clouds: what hosts and instances there are, and what they use.

``turn`` says when a cloud is read and by whom, ``sync`` makes our copy agree with it,
``reading`` reads it, ``rows``, ``groups`` and ``moves`` write what was read,
``snapshots`` and ``rollup`` keep the history of the capacity, ``capacity`` adds up what
is used by whom.
"""

from __future__ import annotations
