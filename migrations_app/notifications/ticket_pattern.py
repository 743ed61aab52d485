"""Whether a pattern of tickets takes long: tried on texts that patterns fear.

Python's re goes back over what it has matched, and a repetition within a repetition
makes that exponential. It cannot be interrupted and lets no other thread run, so the
pattern is tried in a process of its own, which may use so much processor and no more.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

LONGEST = 100  # characters of a ticket
PROCESSOR = 2  # seconds for all texts; patterns take some thousandths of one
PATIENCE = 30.0  # seconds, on a machine that is busy
PROGRAM = """
import json, re, resource, sys
given = json.load(sys.stdin)
resource.setrlimit(resource.RLIMIT_CPU, (given["seconds"], given["seconds"] + 1))
pattern = re.compile(given["pattern"])
for text in given["texts"]:
    pattern.fullmatch(text)
"""


def is_slow(pattern: str) -> bool:
    """Tell whether a ticket can be found that takes the pattern long to refuse."""
    given = {"pattern": pattern, "texts": [*texts(pattern)], "seconds": PROCESSOR}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", PROGRAM],
            input=json.dumps(given),
            text=True,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode < 0


def texts(pattern: str) -> Iterator[str]:
    """Yield long texts of few characters, the pattern's own, with a wrong last one."""
    begin = re.match(r"(?:[A-Za-z0-9_-]|\\-)*", pattern)
    before = begin[0].replace("\\", "") if begin else ""
    own = "".join(filter(str.isalnum, pattern[:60]))
    signs = list(dict.fromkeys(f"a0{own}A-_ .{pattern[:60]}"))[:40]
    pairs = [one + other for one in signs[:9] for other in signs[:9] if one != other]
    for unit in (*signs, *pairs):
        for start in {before, ""}:
            yield (start + unit * LONGEST)[: LONGEST - 1] + "\x00"
            yield (start + unit * LONGEST)[:LONGEST]
