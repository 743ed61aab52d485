"""The whole of novaweb on one machine: ``make demo`` and ``make dev``.

This package starts and watches what an installation consists of and plays the main job
through the site's own API. It is no part of the site: nothing imports it.
"""

from __future__ import annotations
