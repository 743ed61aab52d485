"""Which of the three live migrations it will be, as the plan says it."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.integrations.interfaces import HostFacts, InsideFacts, Move, Survey
from migrations_app.procedures.live import Live, MigrateLive
from migrations_app.procedures.steps import cold_storage, live_storage
from tests.stage import Stage

LOCAL = {"memory": 2048, "disk": 20, "local": True, "config_drive": False}
VOLUME = {"memory": 2048, "disk": 0, "local": False, "config_drive": False}


def move(facts: dict[str, Any], **options: Any) -> Move:
    return Move("id", "web", "compute-30", "compute-34", options, facts=facts)


def survey(source: dict[str, str], target: dict[str, str], **facts: Any) -> Survey:
    return Survey(
        None,
        HostFacts("compute-30", settings=source, instances="/i" if source else ""),
        HostFacts("compute-34", settings=target, **facts),
    )


@pytest.mark.parametrize(
    "facts, block, expected",
    [
        (VOLUME, "auto", "Only its memory is copied: it is booted from a volume"),
        (LOCAL | {"shared": True}, "auto", "share the storage of its local disks"),
        (LOCAL | {"shared": False}, "auto", "Its memory and its local disks (20 GiB)"),
        (LOCAL, "auto", "unless compute-30 finds that the hosts share"),
        (
            VOLUME | {"local": True, "config_drive": True},
            "auto",
            "and its config drive",
        ),
        (LOCAL | {"config_drive": True}, "auto", "(20 GiB) and its config drive"),
        (LOCAL, True, "As asked, its memory and its local disks (20 GiB)"),
        (LOCAL | {"shared": True}, True, "which Nova refuses where"),
        (VOLUME, True, "though it has none"),
        (LOCAL, False, "so Nova refuses unless compute-30 and compute-34 share"),
        (LOCAL | {"shared": False}, False, "which Nova refuses here"),
        (LOCAL | {"shared": True}, False, "As asked, only its memory is copied."),
        (VOLUME, False, "As asked, only its memory is copied."),
    ],
)
def test_it_says_which_of_the_three_it_will_be(
    facts: dict[str, Any], block: bool | str, expected: str
) -> None:
    sentence = MigrateLive().sentence(move(facts, block_migration=block))
    assert sentence.startswith("Nova migrates web live from compute-30 to compute-34. ")
    assert expected in sentence


def test_it_believes_what_the_hosts_say_of_their_storage() -> None:
    rbd = {"libvirt.images_type": "rbd"}
    for source, target, shared, expected in (
        (rbd, rbd, None, True),
        (rbd, {}, False, False),
    ):
        told = survey(source, target, shared=shared)
        assert live_storage.survey_facts(told)["shared"] is expected
    assert live_storage.survey_facts(survey({}, {}, shared=True)) == {"shared": True}
    assert live_storage.survey_facts(survey({}, {})) == {}
    ceph = cold_storage.survey_facts(survey(rbd, rbd, shared=None))
    assert ceph == {"shared": True, "ceph": True}
    folder = cold_storage.survey_facts(survey({}, {}, shared=True))
    assert folder == {"shared": True}


@pytest.mark.parametrize("word, expected", [("True", True), ("false", False)])
def test_it_knows_from_the_source_whether_post_copy_is_permitted(
    word: str, expected: bool
) -> None:
    settings = {"libvirt.live_migration_permit_post_copy": word}
    assert live_storage.survey_facts(survey(settings, {})) == {"post_copy": expected}


def test_it_takes_novas_default_where_the_source_says_nothing_of_it() -> None:
    said = survey({"DEFAULT.instances_path": "/var/lib/nova/instances"}, {})
    assert live_storage.survey_facts(said) == {"post_copy": False}


FORCED = {"libvirt.live_migration_timeout_action": "force_complete"}


def test_it_guesses_no_option_of_a_source_whose_files_were_not_all_read() -> None:
    told = Survey(None, HostFacts("compute-30", settings=FORCED), None)
    assert live_storage.survey_facts(told) == {}


@pytest.mark.parametrize(
    "settings, after",
    [
        (FORCED, 800),
        (FORCED | {"libvirt.live_migration_completion_timeout": "60"}, 60),
        (FORCED | {"libvirt.live_migration_completion_timeout": "0"}, None),
        ({"libvirt.live_migration_timeout_action": "abort"}, None),
    ],
)
def test_it_knows_from_the_source_whether_nova_forces_completion(
    settings: dict[str, str], after: int | None
) -> None:
    assert live_storage.survey_facts(survey(settings, {})).get("forced_after") == after


@pytest.mark.parametrize(
    "facts, minutes, how",
    [
        (VOLUME | {"post_copy": True}, 27, "switches it to post-copy"),
        (VOLUME | {"post_copy": False}, 27, "pauses it"),
        (VOLUME | {"post_copy": True, "pmem": True}, 27, "pauses it"),
        (LOCAL | {"post_copy": True, "shared": True}, 27, "switches it"),
        (LOCAL | {"post_copy": True, "shared": False}, 294, "switches it"),
    ],
)
def test_it_says_when_nova_forces_completion_by_itself(
    facts: dict[str, Any], minutes: int, how: str
) -> None:
    sentence = live_storage.deadline_sentence(move(facts | {"forced_after": 800}))
    assert f"after about {minutes} min of copying it {how}" in sentence
    assert "Nova on" not in live_storage.deadline_sentence(move(facts))


@pytest.mark.parametrize(
    "facts, options, minutes",
    [
        (VOLUME, {}, 60 + 10),  # 6 GiB at 100 Mbit/s are 8.6 min
        (LOCAL, {}, 60 + 40),  # 26 GiB are 37.2 min
        (LOCAL | {"shared": True}, {}, 60 + 10),
        (LOCAL, {"deadline": 7}, 7),
        ({}, {}, live_storage.DEFAULT_DEADLINE_MINUTES),
    ],
)
def test_it_gives_a_move_the_time_that_its_size_takes(
    facts: dict[str, Any], options: dict[str, Any], minutes: int
) -> None:
    planned = move(facts, **options)
    assert MigrateLive().timeout(planned).total_seconds() == 60 * minutes
    assert f"after {minutes} min" in live_storage.deadline_sentence(planned)


def test_it_freezes_what_does_not_move_by_itself() -> None:
    stage = Stage()
    asked = Move(stage.server, "web", stage.source, stage.target)

    def frozen() -> dict[str, Any]:
        server, inside = stage.cloud.server(stage.server), InsideFacts(entered=True)
        return Live.cloud_facts(stage.cloud, asked, server=server, inside=inside)

    before = frozen()
    stage.later(hours=3)
    assert frozen() == before
    assert before["local"] and before["enters"]
