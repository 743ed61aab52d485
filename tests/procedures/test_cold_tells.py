"""What the plan of a cold migration says of disks: only what is copied or deleted."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.integrations.interfaces import Move
from migrations_app.procedures import registry

LOCAL = {"disk": 20, "local": True, "config_drive": False}
VOLUME = {"disk": 0, "local": False, "config_drive": False}


def told(procedure: str, **facts: Any) -> str:
    """All sentences of the plan."""
    move = Move("id", "web", "compute-30", "compute-34", facts=facts)
    plan = registry.plan(procedure, move)
    return " ".join(str(step["sentence"]) for step in plan)


@pytest.mark.parametrize("procedure", ["cold", "cold_by_disabling"])
class TestThePlan:
    def test_it_says_how_much_is_copied(self, procedure: str) -> None:
        said = told(procedure, **LOCAL, shared=False)
        way = "from compute-30 to compute-34"
        assert f"Meanwhile its local disks (20 GiB) are copied {way}." in said
        assert "deletes the disks of web on compute-30" in said
        assert said.count("are copied") == 1

    # seen in Nova's code: cp within the folder, and rmtree of UUID_resize
    def test_on_a_shared_folder_disks_are_copied_and_the_first_ones_deleted(
        self, procedure: str
    ) -> None:
        said = told(procedure, **LOCAL, shared=True)
        within = "copied within the storage that compute-30 and compute-34 share"
        assert within in said
        assert "deletes the disks of web" in said
        assert "No disk is copied" not in said

    def test_it_says_that_disks_in_ceph_stay_where_they_are(
        self, procedure: str
    ) -> None:
        said = told(procedure, **LOCAL, shared=True, ceph=True)
        assert "No disk is copied: compute-30 and compute-34 share" in said
        assert "no disk is deleted" in said
        assert "deletes the disks" not in said

    def test_it_says_that_volumes_are_not_copied(self, procedure: str) -> None:
        said = told(procedure, **VOLUME)
        assert "No disk is copied: it is booted from a volume" in said
        assert "no disk is deleted" in said

    def test_where_nobody_knows_it_says_so(self, procedure: str) -> None:
        assert "unless they are in Ceph" in told(procedure, **LOCAL)

    def test_a_plan_of_an_older_release_still_has_its_sentences(
        self, procedure: str
    ) -> None:
        assert "Its disks are copied" in told(procedure)
