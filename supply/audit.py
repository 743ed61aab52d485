"""``make audit``: which known weaknesses has what requirements-lock.txt pins.

pip-audit 2.10 ends with status 0 when it could not find out, too, as with an index that
does not tell (PyPI's JSON interface does): here that is status 3, and no yes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from supply.lock import LOCK

WEAK, COULD_NOT = 1, 3
COMMAND = (
    *("-m", "pip_audit", "--requirement", str(LOCK), "--no-deps", "--disable-pip"),
    *("--progress-spinner", "off", "--format", "json"),
)


def verdict(text: str) -> tuple[int, list[str]]:
    """Return the exit status and the lines for that answer of pip-audit, in JSON."""
    try:
        found: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return COULD_NOT, ["NOT AUDITED: pip-audit gave no answer, see above."]
    weak = [
        f"{each['name']} {each['version']}: {fault['id']}, mended in"
        f" {', '.join(fault['fix_versions']) or 'no version'}"
        for each in found
        for fault in each.get("vulns", ())
    ]
    unknown = [each for each in found if "skip_reason" in each]
    lines = [*weak]
    if unknown or not found:
        lines.append(
            f"NOT AUDITED: {len(unknown)} of {len(found)} packages. The index that pip"
            " is configured for, or the network, does not tell known weaknesses."
        )
        lines += sorted({str(each["skip_reason"]) for each in unknown})[:3]
    if weak:
        return WEAK, lines
    if unknown or not found:
        return COULD_NOT, lines
    return 0, [f"No known weakness in {len(found)} packages."]


def main() -> int:
    """Ask, print what was found, and return the exit status."""
    done = subprocess.run(
        [sys.executable, *COMMAND], stdout=subprocess.PIPE, text=True, check=False
    )
    status, lines = verdict(done.stdout)
    sys.stdout.write("\n".join(lines) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
