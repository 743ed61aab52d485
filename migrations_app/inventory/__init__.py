"""novaweb's copy of the clouds: hosts, instances and their usage.

``turn`` decides when and by which process a cloud is read, ``sync`` updates the copy,
``reading`` reads the cloud, ``rows``, ``groups`` and ``moves`` store the data,
``snapshots`` and ``rollup`` keep the history of the capacity, ``capacity`` adds up the
usage.
"""

from __future__ import annotations
