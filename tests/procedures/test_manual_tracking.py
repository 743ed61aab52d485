"""What a guest writes while it is copied is tracked, and all is proven in the end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from migrations_app.integrations.host_commands import dirty_bitmaps, disk_copy
from migrations_app.integrations.host_commands.detached_job import JobIs, JobState
from migrations_app.integrations.host_commands.last_pass import read_ways
from migrations_app.integrations.interfaces import Disk, Guest, Move
from migrations_app.models.states import RunState
from migrations_app.procedures.manual import _tracked
from migrations_app.procedures.steps.manual_copy import CopyRest
from migrations_app.procedures.steps.manual_tracking import ProveCopy, TrackWrites
from pretend.hosts import PretendHosts, Words
from tests.procedures.by_hand import HandStage, expect_moved

FOLDER = "/var/lib/nova/instances/5f0c1d7e-0000-4000-8000-000000000001"
MOVE = Move(
    "5f0c1d7e-0000-4000-8000-000000000001",
    "web",
    "compute-30",
    "compute-34",
    token="0badcafe",
    facts={
        "instances": "/var/lib/nova/instances",
        "running": True,
        "tracked": ["disk", "disk.eph0"],
    },
)


def answer(state: str, *, nodes: str = "", info: str = "", begun: str = "") -> str:
    return (
        f"== begun\n{begun}== state\n {state}\n== nodes\n {nodes}\n"
        f"== info disk\n {info}\n== info disk.eph0\n missing\n== end\n"
    )


@pytest.fixture
def long_lease(settings: object) -> None:
    """Leases lapse by the stage's clock only: the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 60.0  # type: ignore[attr-defined]


def disk(name: str, **more: Any) -> Disk:
    known = Disk(f"{FOLDER}/{name}", "vda", "disk", "file", format="qcow2")
    return replace(known, **more)


def test_only_qcow2_disks_in_the_folder_of_the_instance_are_tracked() -> None:
    guest = Guest(
        "instance-1",
        "running",
        folder=FOLDER,
        disks=(
            disk("disk"),
            disk("disk.eph0"),
            disk("disk.raw", format="raw"),
            disk("disk.config", device="cdrom"),
            disk("disk.odd", refused="it says that its data is in another file"),
            disk("more/disk"),
            disk("a disk"),
            Disk("/mnt/nfs/volume-1", "vdb", "disk", "file", format="qcow2"),
        ),
    )
    assert _tracked(guest) == ["disk", "disk.eph0"]


@pytest.mark.parametrize(
    "change, why",
    [
        ({"options": {"bandwidth": 100}}, "the bandwidth is limited"),
        ({"facts": {**MOVE.facts, "running": False}}, "web is off"),
        ({"facts": {**MOVE.facts, "tracked": []}}, "it has no qcow2 disk"),
    ],
)
def test_all_is_compared_before_the_start_where_nothing_is_tracked(
    change: dict[str, Any], why: str
) -> None:
    move = replace(MOVE, **change)
    assert dirty_bitmaps.tracked(move) == []
    assert why in TrackWrites().sentence(move)
    assert TrackWrites().commands(move) == ProveCopy().commands(move) == []
    assert "dirty bitmap" not in CopyRest().sentence(move)
    assert "all was compared by checksum before the start" in ProveCopy().sentence(move)


def test_the_plan_says_which_disks_are_tracked_and_when_the_rest_is_compared() -> None:
    assert "to disk and disk.eph0." in TrackWrites().sentence(MOVE)
    assert "only what was written to is read" in CopyRest().sentence(MOVE)
    assert "compared once it runs on compute-34" in CopyRest().sentence(MOVE)


def test_a_plan_from_before_there_were_bitmaps_tracks_nothing() -> None:
    assert dirty_bitmaps.tracked(replace(MOVE, facts={"running": True})) == []


def test_it_finds_a_disk_by_its_path_whatever_its_node_is_called() -> None:
    path = f"{FOLDER}/disk"
    bitmaps = [{"count": 0}, {"name": "novaweb-0badcafe"}]
    nodes = [
        {"node-name": "libvirt-3-storage", "drv": "file", "file": path},
        {"node-name": "#block12", "drv": "qcow2", "file": path},
        {"node-name": "it's", "drv": "qcow2", "file": f"{FOLDER}/disk.eph0"},
    ]
    nodes[1]["dirty-bitmaps"] = bitmaps  # type: ignore[assignment]
    said = answer("running", nodes=json.dumps({"return": nodes}))
    found = dirty_bitmaps.read(said, MOVE)
    assert (found.nodes, found.in_qemu) == ({"disk": "#block12"}, ("#block12",))
    assert found.unknown == ""


@pytest.mark.parametrize(
    "said",
    [
        answer("running"),
        answer("running", nodes='{"error":{"class":"GenericError"}}'),
        answer("running", nodes='{"return":[7]}'),
        answer("unknown"),
        answer("shut off", info="not json"),
        answer("shut off"),
    ],
)
def test_what_is_not_said_is_unknown(said: str) -> None:
    found = dirty_bitmaps.read(said, MOVE)
    assert found.unknown
    assert (found.nodes, found.in_qemu, found.in_files) == ({}, (), ())


def test_a_file_that_is_gone_has_no_bitmap() -> None:
    found = dirty_bitmaps.read(answer("none", info="missing", begun=" yes\n"), MOVE)
    assert (found.begun, found.in_files, found.unknown) == (True, (), "")


def test_it_reads_which_way_each_disk_went() -> None:
    out = ("  1,024 100%", "tracked: disk 4096", "compared: disk.eph0 was not tracked")
    state = JobState(JobIs.ENDED, 0, out)
    assert read_ways(state) == [
        ("tracked", "disk 4096"),
        ("compared", "disk.eph0 was not tracked"),
    ]


pretended = [pytest.mark.django_db, pytest.mark.usefixtures("long_lease")]


class TestOnThePretendCloud:
    pytestmark = pretended

    def test_the_disks_are_tracked_once_and_proven_once(self) -> None:
        stage = HandStage()
        run = stage.begin()
        stage.until(run, "track_writes", done_at__isnull=False)
        assert stage.cloud.bitmaps(stage.server) == [(stage.source, "disk")]
        run = stage.play(run)
        expect_moved(stage, run)
        assert run.lines.filter(text__contains="written to disk.").count() == 1
        assert stage.cloud.asked("job.proof") == 1

    def test_it_goes_on_where_the_host_makes_no_bitmap(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = PretendHosts._bitmaps_track

        def refuse(self: PretendHosts, host: str, words: Words) -> str:
            real(self, host, words)
            self._bitmaps_untrack(host, words)
            return "disk Cannot store dirty bitmaps in qcow2 v2 files\n"

        monkeypatch.setattr(PretendHosts, "_bitmaps_track", refuse)
        stage = HandStage()
        run = stage.play(stage.begin())
        expect_moved(stage, run)
        assert run.lines.filter(text__contains="in qcow2 v2 files").exists()

    def test_it_is_held_with_both_copies_when_the_proof_fails(self) -> None:
        stage = HandStage()
        run = stage.begin()
        stage.cloud.doom("proof", disk_copy.DIFFERS, "the disks differ in 2 piece(s)")
        run = stage.play(run)
        assert run.state == RunState.HELD
        assert "disks that were not what they are on compute-30" in run.why
        assert stage.cloud.domains(stage.server) == {
            stage.source: "shut off",
            stage.target: "running",
        }
        names = {(host, name) for host, name, _ in stage.cloud.folders(stage.server)}
        assert names == {(stage.source, stage.server), (stage.target, stage.server)}

    def test_the_proof_goes_on_when_it_was_cut(self) -> None:
        stage = HandStage()
        run = stage.begin()
        stage.cloud.doom("proof", 137, "Killed")
        expect_moved(stage, stage.play(run))
        assert stage.cloud.asked("job.proof") == 2

    def test_the_way_back_is_held_where_a_bitmap_may_be_left(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage = HandStage()
        run = stage.begin()
        stage.until(run, "track_writes", done_at__isnull=False)
        stage.stop(run)

        def silent(self: PretendHosts, host: str, words: Words) -> str:
            return answer("running", begun=" yes\n")

        with monkeypatch.context() as patch:
            patch.setattr(PretendHosts, "_bitmaps_look", silent)
            run = stage.play(run)
        assert run.state == RunState.HELD
        assert "still has the dirty bitmap novaweb-" in run.why
        assert stage.cloud.bitmaps(stage.server) == [(stage.source, "disk")]
