"""What a move does to capacity: before it is asked for, and on its request."""

from __future__ import annotations

import pytest

from migrations_app.integrations.interfaces import DISK_GB, MEMORY_MB, VCPU
from migrations_app.web import capacity_bars
from tests import factories
from tests.cast import Cast
from tests.stage import Stage
from tests.web.conftest import browser_of

HTMX = {"HX-Request": "true"}


def change(host: str, *, before: int, after: int, capacity: int) -> dict[str, object]:
    figures = {
        "capacity": capacity,
        "used_before": before,
        "used_after": after,
        "free_before": max(0, capacity - before),
        "free_after": max(0, capacity - after),
    }
    return {"host": host, "resources": {VCPU: figures, MEMORY_MB: figures}}


def test_it_shows_both_hosts_before_and_after() -> None:
    source = change("compute-30", before=40, after=38, capacity=128)
    target = change("compute-31", before=127, after=129, capacity=128)

    first, second = capacity_bars.hosts({"source": source, "target": target})

    assert (first.name, second.name) == ("compute-30", "compute-31")
    vcpus = second.resources[0]
    assert (vcpus.label, vcpus.before, vcpus.after) == ("VCPUs", "127", "129")
    assert (vcpus.over, vcpus.was_over) == ("1", False)
    assert first.resources[0].over == ""
    assert "VCPUs: 127 before, 129 after, of 128" in vcpus.bar


def test_a_host_that_is_not_known_is_left_out() -> None:
    only = change("compute-31", before=1, after=2, capacity=0)

    assert [
        host.name for host in capacity_bars.hosts({"source": None, "target": only})
    ] == ["compute-31"]
    assert capacity_bars.hosts(None) == []
    assert capacity_bars.hosts({}) == []


def drawn(**figures: int) -> str:
    return str(capacity_bars.bar("Disk <local>", str, **figures))


def test_a_bar_says_its_figures_in_words() -> None:
    bar = drawn(before=1, after=2, capacity=4)
    assert 'aria-label="Disk &lt;local&gt;: 1 before, 2 after, of 4"' in bar
    bar = drawn(before=1, peak=3, after=2, capacity=4)
    assert ": 1 before, 3 at its peak, 2 after, of 4" in bar


def test_a_bar_has_a_peak_only_where_there_is_one() -> None:
    assert "change-peak" not in drawn(before=1, after=2, capacity=4)
    bar = drawn(before=1, peak=3, after=2, capacity=4)
    assert '<rect class="change-peak" x="50.0" y="2.5" width="25.0" height="5"/>' in bar


@pytest.mark.parametrize(
    ("figures", "over"),
    [
        ({"before": 5, "after": 4}, False),
        ({"before": 4, "after": 5}, True),
        ({"before": 4, "after": 4, "peak": 5}, True),
        ({"before": 3, "after": 2, "peak": 4}, False),
    ],
)
def test_a_bar_that_passes_the_capacity_is_marked(
    figures: dict[str, int], over: bool
) -> None:
    assert ("change-over" in drawn(capacity=4, **figures)) is over


def test_a_bar_of_a_host_without_capacity_is_drawn_all_the_same() -> None:
    assert drawn(before=0, after=0, capacity=0).count("<rect") == 4


@pytest.mark.django_db
def test_the_form_shows_it_for_the_chosen_target(stage: Stage, cast: Cast) -> None:
    of = factories.instance("web", uuid=stage.server, host=stage.source)
    client = browser_of("rita", "requester")
    asked = {"instance": of.uuid, "procedure": "auto", "target": stage.target}

    said = client.post("/requests/preflight/", asked, headers=HTMX).content.decode()

    assert f"Effect on capacity: {stage.target}" in said
    assert f"{stage.source}</a>" in said
    assert "both hosts hold the allocation" in said


@pytest.mark.django_db
def test_a_request_keeps_what_its_plan_would_do(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)

    resources = request.what_if["target"]["resources"]
    wanted = stage.cloud.server(stage.server).resources
    for name in (VCPU, MEMORY_MB, DISK_GB):
        figures = resources[name]
        grown = figures["used_after"] - figures["used_before"]
        assert grown == wanted.get(name, 0)
    page = browser_of("otto", "operator").get(f"/requests/{request.pk}/")
    assert "when this plan was made" in page.content.decode()


@pytest.mark.django_db
def test_a_request_of_the_scheduler_s_choice_shows_the_source_alone(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage, target=None)

    assert request.what_if["target"] is None
    assert request.what_if["source"]["host"] == stage.source
