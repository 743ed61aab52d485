from __future__ import annotations

import pytest

from migrations_app.preflight.copy_speeds import Speed
from migrations_app.preflight.estimate import Estimate
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.harm import harm_of
from migrations_app.preflight.option import Option
from migrations_app.preflight.reason import NAMES, why
from migrations_app.preflight.risk import (
    LOSSES,
    Chance,
    Risk,
    attempt,
    gravity,
    loss,
    outage,
)
from migrations_app.preflight.rule import (
    COLD,
    COLD_BY_DISABLING,
    LIVE,
    MANUAL,
)
from migrations_app.procedures import registry

SECONDS, MINUTES, HOUR = (0, 2), (5, 480), (5, 4400)
BLOCKED = Finding("r", Severity.BLOCKS, "It is too big.")


def option(
    procedure: str,
    *risks: Risk,
    off: tuple[int, int] | None = None,
    blocked: bool = False,
) -> Option:
    """An option with these risks; live stops the guest for seconds, others longer."""
    downtime = off or (SECONDS if procedure == LIVE else MINUTES)
    found = [Finding("r", Severity.UNKNOWN, "?", risk=risk) for risk in risks]
    return Option.of(
        procedure,
        "compute-34",
        findings=(*found, *([BLOCKED] if blocked else [])),
        estimate=Estimate((10, 600), downtime, "words"),
        speed=Speed(1000),
    )


def best(*options: Option) -> str:
    """Return the procedure of the least harm."""
    return min(options, key=lambda it: it.harm.order(it.procedure)).procedure


@pytest.mark.parametrize(
    ("live", "cold", "better"),
    [
        pytest.param([], [], LIVE, id="less downtime"),
        pytest.param(
            [attempt(), attempt()], [], LIVE, id="a refused request before minutes off"
        ),
        pytest.param(
            [outage(Chance.SELDOM)], [], LIVE, id="what is seldom before minutes off"
        ),
        pytest.param([outage()], [], COLD, id="minutes off before a guest to repair"),
        pytest.param(
            [loss("config drive", Chance.CERTAIN)],
            [],
            COLD,
            id="minutes off before loss",
        ),
        pytest.param(
            [loss("config drive")], [], COLD, id="minutes off before what may be lost"
        ),
        pytest.param(
            [loss("config drive", Chance.CERTAIN)],
            [loss(chance=Chance.CERTAIN)],
            LIVE,
            id="settings before data",
        ),
        pytest.param(
            [loss("config drive", Chance.CERTAIN)],
            [loss("something unheard of", Chance.CERTAIN)],
            LIVE,
            id="what nobody weighed is taken for data",
        ),
        pytest.param(
            [loss("config drive")],
            [loss(chance=Chance.SELDOM)],
            COLD,
            id="a loss that is seldom before one that is likely",
        ),
        pytest.param(
            [outage(Chance.SELDOM)],
            [loss(chance=Chance.SELDOM), outage(Chance.SELDOM)],
            LIVE,
            id="a cloud whose hosts nobody entered",
        ),
        pytest.param([loss(), attempt()], [loss()], LIVE, id="both may lose the same"),
    ],
)
def test_it_weighs_harm_and_not_how_many_checks_passed(
    live: list[Risk], cold: list[Risk], better: str
) -> None:
    assert best(option(LIVE, *live), option(COLD, *cold)) == better


def test_what_blocks_is_never_better() -> None:
    lossy = option(COLD, loss(chance=Chance.CERTAIN), off=HOUR)
    assert best(option(LIVE, blocked=True), lossy) == COLD


def test_it_compares_downtimes_by_their_order_of_magnitude() -> None:
    assert option(COLD, off=(5, 262)).harm.magnitude == 2
    assert option(COLD, off=(5, 480)).harm.magnitude == 2
    assert option(COLD, off=HOUR).harm.magnitude == 3
    assert option(LIVE).harm.magnitude == option(COLD, off=(0, 0)).harm.magnitude == 0


def test_between_equals_it_takes_what_nova_is_less_likely_to_refuse() -> None:
    certain, doubtful = option(COLD, off=SECONDS), option(LIVE, attempt())
    assert best(doubtful, certain) == COLD


def test_a_last_resort_is_taken_only_for_what_would_be_lost_or_left_off() -> None:
    manual = option(MANUAL)
    for risk in (loss(), outage(Chance.SELDOM), attempt()):
        assert best(manual, option(COLD, risk, off=HOUR)) == COLD
    assert best(manual, option(COLD, outage())) == MANUAL
    assert best(manual, option(COLD, loss("config drive", Chance.CERTAIN))) == MANUAL
    assert best(manual, option(COLD, blocked=True)) == MANUAL
    assert best(manual, option(COLD_BY_DISABLING)) == COLD_BY_DISABLING


def test_more_lost_is_worse_and_the_gravest_counts_first() -> None:
    ranks = [gravity((name,)) for name in LOSSES]
    assert ranks == sorted(ranks)
    assert gravity(()) < gravity(("one-time-use devices",))
    assert gravity(("config drive", "one-time-use devices")) > gravity(
        ("config drive",)
    )
    assert gravity(("data",)) > gravity(tuple(LOSSES[:-1]))


def test_it_counts_nothing_against_checks_that_passed() -> None:
    passed = (Finding("r", Severity.OK, "All is well."),)
    harm = harm_of(passed, Estimate((1, 2), SECONDS, ""))
    assert harm.harmless and not (harm.blocked or harm.doubts)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            [option(LIVE, attempt()), option(COLD)],
            "Live stops the guest for up to 2 s, Cold for up to 8 min; what is unknown "
            "about Live costs at most a refused request.",
        ),
        (
            [option(LIVE), option(COLD)],
            "Live stops the guest for up to 2 s, Cold for up to 8 min.",
        ),
        (
            [option(COLD), option(LIVE, loss("config drive", Chance.CERTAIN))],
            "Live loses the config drive for good, Cold nothing, but stops the guest "
            "for up to 8 min.",
        ),
        (
            [option(LIVE), option(COLD, loss("UEFI settings", Chance.CERTAIN))],
            "Cold loses the UEFI settings for good, Live nothing.",
        ),
        (
            [option(COLD), option(LIVE, loss("config drive"))],
            "Live may lose the config drive for good, Cold nothing, but stops the "
            "guest for up to 8 min.",
        ),
        (
            [option(COLD), option(LIVE, outage())],
            "Live may leave the guest off until a person repairs it; Cold stops the "
            "guest for up to 8 min.",
        ),
        (
            [option(COLD, off=SECONDS), option(LIVE, attempt(), attempt())],
            "Nova may refuse Live: 2 more checks could not be made.",
        ),
        (
            [option(LIVE), option(COLD, off=SECONDS)],
            "Live and Cold cost the guest about the same; Live keeps it running.",
        ),
        (
            [option(COLD), option(MANUAL), option(LIVE, blocked=True)],
            "Live is blocked: It is too big.",
        ),
        (
            [option(MANUAL), option(LIVE, blocked=True), option(COLD, blocked=True)],
            "Live and Cold are blocked: It is too big.",
        ),
        (
            [option(COLD_BY_DISABLING), option(MANUAL)],
            "Cold, forced target and Manual cost the guest about the same; Cold, "
            "forced target leaves Nova's database alone.",
        ),
        ([option(LIVE)], ""),
        # what even the best may cost
        (
            [option(COLD, outage()), option(LIVE, blocked=True)],
            "Live is blocked: It is too big. Cold is possible, but not recommended: it "
            "may well leave the guest off until a person repairs it. Follow its checks "
            "first.",
        ),
        (
            [option(LIVE, loss()), option(COLD, loss())],
            "Live stops the guest for up to 2 s, Cold for up to 8 min. Live may lose "
            "the data for good: read its checks first.",
        ),
        (
            [
                option(LIVE, loss("config drive", Chance.CERTAIN)),
                option(COLD, loss("UEFI settings", Chance.CERTAIN)),
            ],
            "Cold loses the UEFI settings for good, Live only the config drive. Live "
            "loses the config drive for good.",
        ),
        ([option(LIVE, blocked=True), option(COLD, blocked=True)], ""),
        ([], ""),
    ],
)
def test_it_says_why_in_one_sentence(options: list[Option], sentence: str) -> None:
    assert why(options) == sentence


def test_it_calls_procedures_as_the_pages_do() -> None:
    assert {
        name: registry.procedure(name).title for name in registry.PROCEDURES
    } == NAMES
