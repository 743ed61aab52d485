"""The moves that the demo has to show, each in another state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

FIRST, SECOND = "approver", "approver-2"
End = Literal["waits", "rejected", "withdrawn", "glass"]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One request. ``ticket`` is how it is found again, ``shows`` what it is for.

    ``guests`` are names of instances, of which the first that can be moved is taken.
    ``approvals``: who says yes, in order; those that are not needed are not given.
    ``then`` is what becomes of it without a run. ``mishap`` is what goes wrong.
    """

    ticket: str
    shows: str
    procedure: str
    guests: tuple[str, ...]
    reason: str
    approvals: tuple[str, ...] = ()
    then: End | None = None
    mishap: str = ""
    tonight: bool = False  # in a window that begins in some hours


MOVED = Scene(
    ticket="DEMO-11",
    shows="moved live",
    procedure="live",
    guests=("batch-01", "web-2"),
    reason="Its host gets new memory on Thursday.",
    approvals=(FIRST, SECOND),
)
COLD = Scene(
    ticket="DEMO-12",
    shows="moved cold, and it stayed stopped",
    procedure="cold",
    guests=("web-stopped",),
    reason="The host it is on is to be given back.",
    approvals=(FIRST, SECOND),
)
HELD = Scene(
    ticket="DEMO-13",
    shows="held: only a person may decide",
    procedure="cold",
    guests=("batch-02", "web-3", "web-1"),
    reason="To spread the load of the nightly batch.",
    approvals=(FIRST, SECOND),
    mishap="finish",
)
BACK = Scene(
    ticket="DEMO-14",
    shows="went wrong, and back to where it was",
    procedure="live",
    guests=("web-04",),
    reason="Its host is to be emptied.",
    approvals=(FIRST,),
    mishap="transfer",
)
ENDLESS = Scene(
    ticket="DEMO-15",
    shows="running without an end: stop, abort or force it as operator",
    procedure="live",
    guests=("night-busy",),
    reason="It writes faster than the network copies.",
    approvals=(FIRST,),
    mishap="never",
)
GLASS = Scene(
    ticket="DEMO-16",
    shows="started by an emergency start, and reviewed",
    procedure="live",
    guests=("batch-05",),
    reason="Its host reports errors of its memory.",
    then="glass",
)
WAITS = Scene(
    ticket="DEMO-17",
    shows="waits for an approval",
    procedure="live",
    guests=("web-05", "web-0", "web-cfg"),
    reason="Next to the database it answers faster.",
    then="waits",
)
HALF = Scene(
    ticket="DEMO-18",
    shows="approved once, waits for its second approver",
    procedure="live",
    guests=("web-03", "batch-03", "batch-data", "web-1", "web-apart-1"),
    reason="Its host is the fullest of its zone.",
    approvals=(FIRST,),
    then="waits",
)
BY_HAND = Scene(
    ticket="DEMO-19",
    shows="by hand, with every command and the SQL: waits for two approvals",
    procedure="manual",
    guests=("web-zoned", "batch-drive"),
    reason="To try the way by hand before anybody needs it.",
    then="waits",
)
LATER = Scene(
    ticket="DEMO-20",
    shows="approved, and starts tonight by itself",
    procedure="live",
    guests=("web-db-01", "web-0", "batch-volume"),
    reason="Only at night, the owners ask.",
    approvals=(FIRST,),
    tonight=True,
)
REJECTED = Scene(
    ticket="DEMO-21",
    shows="rejected",
    procedure="live",
    guests=("batch-04", "batch-volume"),
    reason="To make room.",
    then="rejected",
)
WITHDRAWN = Scene(
    ticket="DEMO-22",
    shows="withdrawn",
    procedure="cold",
    guests=("batch-04", "batch-data"),
    reason="To make room.",
    then="withdrawn",
)

PRETEND = (
    *(MOVED, COLD, HELD, BACK, ENDLESS, GLASS),
    *(WAITS, HALF, BY_HAND, LATER, REJECTED, WITHDRAWN),
)
# On the lab each look at a real cloud takes its time: what the pages need, and the
# held run. What is moved there is moved in front of everybody (story.py).
LAB = (
    HELD,
    HALF,
    LATER,
    replace(REJECTED, guests=("batch-volume", "web-cfg")),
)


@dataclass(frozen=True, kw_only=True)
class Emptying:
    """One drain. ``approvals``: who says yes to its plan; none: it waits for them."""

    ticket: str
    shows: str
    hosts: tuple[str, ...]
    reason: str
    approvals: tuple[str, ...] = ()
    afterwards: str = "keep"


EMPTIED = Emptying(
    ticket="DEMO-31",
    shows="a host that is emptied under one approval",
    hosts=("compute-36",),
    reason="The host goes back to its vendor.",
    approvals=(FIRST, SECOND),
)
TO_EMPTY = Emptying(
    ticket="DEMO-32",
    shows="a drain that waits for its approvals, with what cannot move",
    hosts=("compute-32",),
    reason="Its firmware is to be renewed.",
)
PRETEND_DRAINS = (EMPTIED, TO_EMPTY)
LAB_DRAINS = (replace(TO_EMPTY, hosts=("compute-31",)),)
