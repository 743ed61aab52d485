"""How often Python looks for garbage in a process of novaweb's."""

from __future__ import annotations

import atexit
import gc

# objects made before the youngest are looked at, and how often the older ones are
YOUNG, MIDDLE, OLD = 20_000, 20, 50


def look_seldom() -> None:
    """Look less often, and not at all when the process ends. Called first of all.

    All that is loaded is kept. As Python is installed it looks it through again and
    again while it is loaded, and takes it apart when the process ends, which the system
    does at once: of a worker's start that is a quarter, of its end nearly all.
    """
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    atexit.register(gc.freeze)


def collect_seldom() -> None:
    """Leave what has been loaded alone for good, and look at the rest less often.

    A page of a large cloud makes some hundred thousand objects and drops them again. As
    Python is installed it looks all of its objects through meanwhile, those of every
    library too, which takes as long as the page. Called when all has been imported.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
