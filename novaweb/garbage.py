"""How often Python looks for garbage in a process that serves pages."""

from __future__ import annotations

import gc

# objects made before the youngest are looked at, and how often the older ones are
YOUNG, MIDDLE, OLD = 20_000, 20, 50


def collect_seldom() -> None:
    """Leave what has been loaded alone for good, and look at the rest less often.

    A page of a large cloud makes some hundred thousand objects and drops them again. As
    Python is installed it looks all of its objects through meanwhile, those of every
    library too, which takes as long as the page. Called when all has been imported.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
