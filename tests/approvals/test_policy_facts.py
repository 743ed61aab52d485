"""The facts that policies ask for, about requests and the moves of drains alike."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migrations_app.requests.approvals import evaluate
from migrations_app.requests.approvals.policy_facts import (
    Way,
    policy_facts,
    project_names,
    way,
)
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_a_way_has_the_hosts_that_are_known_and_no_empty_project() -> None:
    chosen = way("", "shop", "live", "a", "b")
    assert chosen == Way(frozenset({"shop"}), "live", frozenset({"a", "b"}))
    open_ = way("p", "shop", "cold", "a", None)
    both = frozenset({"p", "shop"})
    assert open_ == Way(both, "cold", frozenset({"a"}), any_host=True)


def test_a_project_without_a_name_may_be_any() -> None:
    assert way("p", "", "live", "a", "b").any_project


def test_each_way_has_the_facts_of_its_own_hosts_in_order() -> None:
    cloud = factories.cloud()
    factories.hypervisor("a", cloud=cloud, zone="OS1", aggregates=["ssd"])
    factories.hypervisor("b", cloud=cloud, zone="OS2", aggregates=["gpu"])
    ways = [way("p", "shop", "live", "a", "b"), way("p", "shop", "cold", "a", None)]
    both, one = policy_facts(cloud.name, ways, start=NOW, end=None, instances=7)
    assert both.zones == {"OS1", "OS2"}
    assert both.aggregates == {"ssd", "gpu"}
    assert one.zones == {"OS1"}
    assert one.aggregates == {"ssd"}
    assert (both.any_host, one.any_host) == (False, True)
    assert not both.any_place
    assert not one.any_place
    assert both.instances == one.instances == 7


def test_a_host_that_the_inventory_does_not_know_is_in_an_unknown_place() -> None:
    cloud = factories.cloud()
    factories.hypervisor("a", cloud=cloud, zone="OS1")
    (found,) = policy_facts(
        cloud.name, [way("p", "shop", "live", "a", "z")], start=NOW, end=None
    )
    assert found.any_place
    assert found.zones == {"OS1"}


def test_a_host_of_another_cloud_is_not_the_one_of_that_name() -> None:
    cloud = factories.cloud()
    factories.hypervisor("a", cloud=factories.cloud("other"), zone="OS9")
    (found,) = policy_facts(
        cloud.name, [way("p", "shop", "live", "a", "a")], start=NOW, end=None
    )
    assert found.any_place
    assert found.zones == frozenset()


def test_projects_are_called_by_the_names_in_the_inventory() -> None:
    row = factories.instance("web", project_name="shop")
    names = project_names(row.cloud.name, [row.uuid, "unknown"])
    assert names == {row.uuid: "shop"}


def test_who_is_early_does_not_escape_the_policy_of_a_project() -> None:
    """An instance that was made a moment ago: the inventory does not know it yet."""
    factories.policy("Bank", weight=500, stages=[(2, "approver")], projects=["bank"])
    row = factories.instance("web", project_name="shop")
    request = factories.request(of=row, project=row.project_id)
    known = evaluate.rule_for(request)
    assert known is not None
    assert known.name != "Bank"

    row.delete()

    unknown = evaluate.rule_for(request)
    assert unknown is not None
    assert unknown.name == "Bank"
