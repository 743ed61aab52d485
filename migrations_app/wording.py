"""How spans of time, amounts of bytes and speeds are said: one rule for each.

Every page, log line, sentence of the API and estimate says them by these, so that
100 s is 1 min 40 s wherever a person reads it. static/clock.js says running spans by
the same rule. Standard library only: pure packages use it too.
"""

from __future__ import annotations

from datetime import timedelta

# How many characters a text of a person may have: a reason, a note, a description.
LONGEST_TEXT = 4000
# unit, digits after the point; 1024 of each make one of the next
_BYTES = (("B", 0), ("KiB", 1), ("MiB", 1), ("GiB", 1), ("TiB", 2))
_AGO = ((86400, "day"), (3600, "hour"), (60, "minute"))


def duration(span: timedelta | float) -> str:
    """Return a span, or a number of seconds: 0.3 s, 47 s, 3 min 20 s, 2 h 5 min, 3 d.

    At most two units, and none that is nought. Less than a twentieth of a second is “<
    0.1 s”; a negative span counts as 0.
    """
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if 0 <= seconds < 0.05:
        return "< 0.1 s"
    tenths = round(seconds, 1)
    if 0 < tenths < 10 and tenths != int(tenths):
        return f"{tenths:.1f} s"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole // 60, "min", whole % 60, "s")
    if whole < 86400:
        return _two(whole // 3600, "h", whole % 3600 // 60, "min")
    return _two(whole // 86400, "d", whole % 86400 // 3600, "h")


def _two(large: int, unit: str, small: int, unit_below: str) -> str:
    return f"{large} {unit} {small} {unit_below}" if small else f"{large} {unit}"


def duration_range(least: timedelta | float, most: timedelta | float) -> str:
    """Return a range: 5 to 40 s, 2 to 3 h, 5 s to 1 min 40 s; up to 2 s from nought."""
    low, high = duration(least), duration(most)
    if low == duration(0):
        return f"up to {high}"
    if low == high:
        return high
    number, *units = low.split()
    same = len(units) == 1 and high.split()[1:] == units
    return f"{number if same else low} to {high}"


def within(text: str) -> str:
    """Return somebody's text as a part of a sentence: without its own full stop."""
    return text.strip().rstrip(".")


def measured(seconds: float) -> str:
    """Return a span that was measured, in seconds and to a tenth of one, however long.

    For what bounds something (“at least 100.4 s”): in larger units it would be another.
    """
    return f"{seconds:.1f} s"


def ago(span: timedelta) -> str:
    """Return how long ago something was, in its greatest unit: 3 days ago, just now."""
    seconds = max(0, int(span.total_seconds()))
    for length, unit in _AGO:
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def size(amount: float) -> str:
    """Return an amount of bytes in the unit that suits it: 512 B, 76.8 MiB, 16 GiB."""
    rest = float(amount)
    for unit, digits in _BYTES[:-1]:
        if round(rest, digits) < 1024:
            return _figure(rest, digits, unit)
        rest /= 1024
    unit, digits = _BYTES[-1]
    return _figure(rest, digits, unit)


def _figure(value: float, digits: int, unit: str) -> str:
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if digits else text} {unit}"


def mebibytes(amount: float) -> str:
    """Return an amount of MiB, as Nova and placement count memory: 512 MiB, 1.5 GiB."""
    return size(amount * 2**20) if amount else "0 MiB"


def speed(mbit: float) -> str:
    """Return a speed that is given in Mbit/s: 940 Mbit/s, 9.4 Gbit/s."""
    if round(mbit) < 1000:
        return f"{mbit:.0f} Mbit/s"
    return f"{mbit / 1000:.3g} Gbit/s"


def whole_number(text: str, *, least: int = 0, most: int = 2**63 - 1) -> int | None:
    """Return the number that a text says in ASCII digits; None if out of bounds.

    int() takes the digits of other scripts, too, and raises for more than 4300.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        return None
    number = int(text)
    return number if least <= number <= most else None
