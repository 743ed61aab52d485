"""Shared storage and volumes, on real guests: live, cold and manual moves.

Two hosts share the folder of instances, the third has its own; all attach the same
volumes. Their lab is of two layouts, and each test proves for one of them. A guest
counts on its console, and on its volumes too.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migrations_app.models import MigrationRequest
from tests.processes.field import Field, expect_completed
from tests.processes.layouts.guests import Guests
from tests.processes.layouts.moves import Kept, cold, live, unfit_for_manual
from tests.processes.test_on_the_lab import asked, expect_there

LAYOUT = "shared,volumes"
pytestmark = [pytest.mark.layout, pytest.mark.django_db(transaction=True)]
MakeField = Callable[[str], Field]


def said(request: MigrationRequest, key: str) -> str:
    """Return the sentence of a step of the plan that was approved."""
    return next(str(it["sentence"]) for it in request.plan if it["key"] == key)


@pytest.mark.proves("live", layout="shared")
def test_on_shared_storage_a_guest_is_moved_live_and_nothing_is_copied(
    kept: Kept, it: Field
) -> None:
    on, server, one, other = kept.on, kept.server, it.host, kept.elsewhere
    before = asked(on.place, server)
    inode = f"stat -c %i {on.instances}/{server}/disk"
    file = on.run(one, inode)
    it.site.work()
    for target in (other, one):
        request = live(on, server, target)
        assert "share the storage" in said(request, "migrate_live")
    assert asked(on.place, server) == [*before, *["live-migration"] * 2]
    # one folder, which both see
    assert on.run(one, inode) == file
    assert set(on.folders(server)) == {one, other}
    assert on.contents(one, server) == kept.contents


@pytest.mark.proves("cold", layout="shared")
def test_on_shared_storage_a_guest_is_moved_cold_with_its_disk(
    kept: Kept, it: Field
) -> None:
    kept.move_cold(it)


@pytest.mark.proves("manual", layout="shared")
def test_on_shared_storage_there_is_nothing_to_copy(kept: Kept, it: Field) -> None:
    assert unfit_for_manual(kept.server, kept.elsewhere) == {"manual.files"}


@pytest.mark.proves("live", layout="volumes")
def test_a_guest_of_a_volume_is_moved_live_between_hosts_that_share_no_folder(
    hypervisors: Guests, field: MakeField
) -> None:
    one, _, apart = hypervisors.names
    server = hypervisors.boot_from_volume(one)
    root = hypervisors.attachments(server)[0]
    field(server).site.work()
    for target in (apart, one):
        request = live(hypervisors, server, target)
        assert "Only its memory is copied" in said(request, "migrate_live")
        hypervisors.expect_attached(root.volume_id, target)
    assert hypervisors.attachments(server) == [root]


@pytest.mark.proves("cold", layout="volumes")
def test_a_guest_of_a_volume_is_moved_cold_and_its_volume_follows(
    hypervisors: Guests, field: MakeField
) -> None:
    one, _, apart = hypervisors.names
    server = hypervisors.boot_from_volume(one)
    root = hypervisors.attachments(server)[0]
    field(server).site.work()
    cold(hypervisors, server, apart)
    hypervisors.expect_attached(root.volume_id, apart)
    assert hypervisors.attachments(server) == [root]


@pytest.mark.proves("live", layout="volumes")
def test_a_live_move_copies_the_disk_and_leaves_a_data_volume_where_it_is(
    hypervisors: Guests, field: MakeField
) -> None:
    one, _, apart = hypervisors.names
    server = hypervisors.boot(apart)
    kept = hypervisors.contents(apart, server)
    volume = hypervisors.volume()
    hypervisors.attach(server, volume)
    volumes = hypervisors.attachments(server)
    hypervisors.expect_counting_on(volume, server)
    field(server).site.work()
    # onto the shared folder, and off it
    for target in (one, apart):
        request = live(hypervisors, server, target)
        assert "block migration" in said(request, "migrate_live")
        hypervisors.expect_counting_on(volume, server)
        hypervisors.expect_attached(volume, target)
        assert hypervisors.attachments(server) == volumes
    assert hypervisors.contents(apart, server) == kept


@pytest.mark.proves("manual", layout="volumes")
def test_a_manual_move_attaches_the_volumes_again_as_they_were(
    hypervisors: Guests, field: MakeField
) -> None:
    one, _, apart = hypervisors.names
    server = hypervisors.boot(apart)
    kept = hypervisors.contents(apart, server)
    first, second = hypervisors.volume(), hypervisors.volume()
    hypervisors.attach(server, first, second, tag="data")
    volumes = hypervisors.attachments(server)
    assert [each.tag for each in volumes if each.tag] == ["data"]
    assert [each.delete_on_termination for each in volumes[-2:]] == [True, False]
    it = field(server)
    it.site.work()
    for here, there in ((apart, one), (one, apart)):
        before = hypervisors.ticks(server)[-1]
        request = it.move(there)
        expect_completed(request)
        expect_there(hypervisors.place, server, there)
        assert hypervisors.domains(server) == {there: "running"}
        after = hypervisors.later(server, before)
        assert after.boot == before.boot + 1
        assert hypervisors.said_of_its_disk(server) >= (before.boot, before.tick)
        assert hypervisors.attachments(server) == volumes
        for volume in (first, second):
            hypervisors.expect_attached(volume, there)
            hypervisors.expect_counting_on(volume, server)
        aside = f"{hypervisors.instances}/{server}.novaweb-{request.token}"
        hypervisors.run(here, f"rm -rf {aside}")
    assert hypervisors.contents(apart, server) == kept
