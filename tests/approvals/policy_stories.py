"""Who there is, what may rule, and how a request begins, for a search to pick."""

from __future__ import annotations

from hypothesis import strategies as st

GROUPS = {
    "ann": {"approver"},
    "ben": {"approver", "board"},
    "cat": {"approver", "board", "requester"},
    "oto": {"operator", "approver"},
    "tea": {"auditor"},
}
WHO = st.sampled_from(sorted(GROUPS))
NTH = st.integers(0, 4)
STAGES = st.sampled_from(
    [
        [(1, ["approver"])],
        [(1, ["board"])],
        [(2, ["approver"])],
        [(1, ["approver"]), (1, ["board"])],
        [(1, ["board"]), (1, ["approver", "board"])],
    ]
)
HOURS = st.sampled_from([None, 2])
# Those who approve one after the other; first who should not count, or not twice.
ORDERS = [
    ["tea", "ben", "cat", "oto", "ann"],
    ["cat", "ann", "oto", "ben", "tea"],
    ["oto", "ann", "cat", "ben", "tea"],
]
PASTS: list[tuple[str, ...]] = [
    (),
    ("decide", "amend", "decide"),
    ("decide", "promote"),
    ("decide", "rule anew"),
    ("break glass", "amend", "decide", "promote"),
]
# How each request begins: what rules, who asks, whose say is handed on, and what has
# happened by then to its plan, to its policy or to who approved it.
STORIES = st.fixed_dictionaries(
    {
        "stages": STAGES,
        "next_stages": STAGES,
        "hours": HOURS,
        "asker": st.sampled_from(["rita", "cat"]),
        "amender": st.sampled_from([None, "oto"]),
        "giver": st.sampled_from([None, "ben", "ben", "cat"]),
        "order": st.sampled_from(ORDERS),
        "past": st.sampled_from(PASTS),
    }
)
