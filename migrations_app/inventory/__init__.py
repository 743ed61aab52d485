"""Our copy of the clouds: what hosts and instances there are, and what they use.

``sync_lease`` says when a cloud is read and by whom, ``sync`` makes our copy agree with
it, ``read_cloud`` reads it, ``rows``, ``server_groups`` and ``nova_migrations`` write
what was read, ``snapshots`` and ``snapshot_history`` keep the history of the capacity,
``capacity`` adds up what is used by whom.
"""

from __future__ import annotations
