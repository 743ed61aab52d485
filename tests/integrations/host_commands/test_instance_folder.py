"""What is done to an instance's folder and domain, by a real shell with a stand-in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from migrations_app.integrations.host_commands import instance_folder, libvirt_domains
from migrations_app.integrations.host_commands.instance_files import Census, census
from migrations_app.integrations.interfaces import Command, Move
from tests.integrations.host_commands.stand_in import WEB, Host

# Undefines as libvirt 9.0 does: refuses what has metadata unless it is told to drop
# them, and takes the definition alone from a domain that runs.
VIRSH = """#!/bin/sh
case "$1" in
  help) cat "$HERE/help" ;;
  list) case "$*" in
    *--with-*) cat "$HERE/${4#--}" 2>/dev/null; true ;;
    *) cat "$HERE/uuids" 2>/dev/null; true ;; esac ;;
  domstate) cat "$HERE/domstate" ;;
  dumpxml) echo '<domain/>' ;;
  snapshot-list|checkpoint-list) cat "$HERE/${1%-list}s" 2>/dev/null; true ;;
  snapshot-dumpxml|checkpoint-dumpxml) shift 4; echo "<it>$1</it>" ;;
  define) cat "$2" >"$HERE/defined" ;;
  undefine) echo "$*" >>"$HERE/asked"
    for each in managed-save snapshot checkpoint; do
      if [ -s "$HERE/with-$each" ]; then
        case "$*" in *"--$each"*) ;; *)
          echo "error: Requested operation is not valid: it has a $each" >&2
          exit 1 ;; esac
      fi
    done
    if [ -e "$HERE/starts" ]; then exit 0; fi
    : >"$HERE/uuids" ;;
esac
"""
SILENT = """#!/bin/sh
echo 'error: failed to connect to the hypervisor' >&2
exit 1
"""
KNOWN = (
    "--managed-save --snapshots-metadata --checkpoints-metadata --nvram --keep-nvram"
)


@pytest.fixture
def move(host: Host) -> Move:
    """A move away from the host, where the instance is off."""
    host.boot()
    host.tool("virsh", VIRSH)
    (host.root / "help").write_text(KNOWN, encoding="utf-8")
    (host.root / "domstate").write_text("shut off\n", encoding="utf-8")
    facts = {"instances": str(host.instances), "bases": []}
    return Move(WEB, "web", "a", "b", token="0badcafe", facts=facts)


def keeps(host: Host, *kinds: str) -> None:
    for kind in kinds:
        (host.root / f"with-{kind}").write_text(f"{WEB}\n", encoding="utf-8")


def folder(host: Host, name: str = WEB) -> Path:
    return host.instances / name


def seen(host: Host, move: Move) -> Census:
    return census(host, "a", move)


@pytest.mark.parametrize("kind", ["managed-save", "snapshot", "checkpoint"])
def test_what_libvirt_keeps_of_a_domain_does_not_keep_the_domain(
    host: Host, move: Move, kind: str
) -> None:
    keeps(host, kind)
    host.run("a", instance_folder.retire(move))
    assert seen(host, move).domain == "none"
    assert not folder(host).exists()
    assert folder(host, f"{WEB}.novaweb-0badcafe").exists()


def test_snapshots_and_checkpoints_are_set_aside_with_the_folder(
    host: Host, move: Move
) -> None:
    keeps(host, "snapshot", "checkpoint")
    (host.root / "snapshots").write_text("before the update\n\n", encoding="utf-8")
    (host.root / "checkpoints").write_text("-1\nnight 2\n\n", encoding="utf-8")
    host.run("a", instance_folder.retire(move))
    aside = folder(host, f"{WEB}.novaweb-0badcafe")
    kept = {path.name: path.read_text(encoding="utf-8") for path in aside.glob("*.xml")}
    assert kept == {
        "domain.xml": "<domain/>\n",
        "snapshot-1.xml": "<it>before the update</it>\n",
        "checkpoint-1.xml": "<it>-1</it>\n",
        "checkpoint-2.xml": "<it>night 2</it>\n",
    }


def test_an_older_virsh_is_told_what_it_knows(host: Host, move: Move) -> None:
    (host.root / "help").write_text("--managed-save --keep-nvram", encoding="utf-8")
    host.run("a", instance_folder.retire(move))
    asked = (host.root / "asked").read_text(encoding="utf-8")
    assert asked == f"undefine --keep-nvram --managed-save -- {WEB}\n"


def test_a_domain_that_was_started_meanwhile_is_defined_again(
    host: Host, move: Move
) -> None:
    (host.root / "starts").touch()
    with pytest.raises(subprocess.CalledProcessError) as error:
        host.run("a", instance_folder.retire(move))
    assert error.value.stderr == f"the domain of {WEB} was started meanwhile\n"
    assert (host.root / "defined").read_text(encoding="utf-8") == "<domain/>\n"
    assert folder(host).exists()


def test_a_domain_that_runs_is_left_alone(host: Host, move: Move) -> None:
    (host.root / "domstate").write_text("running\n", encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        host.run("a", instance_folder.retire(move))
    assert not (host.root / "asked").exists()


def test_the_census_has_what_a_manual_move_would_lose(host: Host, move: Move) -> None:
    assert seen(host, move).kept == ()
    keeps(host, "managed-save", "snapshot", "checkpoint")
    assert seen(host, move).kept == ("managed-save", "snapshot")


def test_the_survey_has_all_that_libvirt_keeps(host: Host) -> None:
    host.boot()
    keeps(host, "snapshot", "checkpoint")
    guest = host.guest()
    assert guest is not None
    assert guest.kept == ("snapshot", "checkpoint")


def test_what_libvirt_does_not_tell_is_not_taken_for_nothing(host: Host) -> None:
    host.boot()
    mute = (
        '#!/bin/sh\ncase "$*" in *--with-*) exit 1 ;; dumpxml*) cat "$HERE/domain.xml"'
    )
    host.tool("virsh", f"{mute} ;; esac\n")
    guest = host.guest()
    assert guest is not None
    assert guest.kept is None


def test_the_folder_that_a_failed_start_has_made_is_removed(
    host: Host, move: Move
) -> None:
    for each in ("disk", "disk.config"):
        (folder(host) / each).unlink()
    (folder(host) / "disk.info").write_text("{}", encoding="utf-8")
    host.run("b", instance_folder.discard(move, target=True))
    assert not folder(host).exists()


@pytest.mark.parametrize("target", [True, False])
def test_a_folder_with_a_disk_is_never_removed(
    host: Host, move: Move, target: bool
) -> None:
    (folder(host) / "disk.info").write_text("{}", encoding="utf-8")
    host.run("b", instance_folder.discard(move, target=target))
    assert (folder(host) / "disk").exists()


def test_the_sources_own_folder_is_never_removed(host: Host, move: Move) -> None:
    for each in ("disk", "disk.config"):
        (folder(host) / each).unlink()
    host.run("a", instance_folder.discard(move, target=False))
    assert folder(host).exists()


# the domain would stay, and its guest could be started without its disks
@pytest.mark.parametrize("act", [instance_folder.retire, instance_folder.unplace])
def test_a_silent_libvirt_is_not_taken_for_one_without_the_domain(
    host: Host, move: Move, act: Callable[[Move], Command]
) -> None:
    host.tool("virsh", SILENT)
    with pytest.raises(subprocess.CalledProcessError) as error:
        host.run("a", act(move))
    assert "failed to connect" in error.value.stderr
    assert folder(host).exists()


@pytest.mark.parametrize("act", [instance_folder.retire, instance_folder.unplace])
def test_a_folder_without_a_domain_is_set_aside(
    host: Host, move: Move, act: Callable[[Move], Command]
) -> None:
    (host.root / "uuids").write_text("", encoding="utf-8")
    host.run("a", act(move))
    assert folder(host, f"{WEB}.novaweb-0badcafe").exists()
    assert not folder(host).exists()


def test_it_says_how_the_domain_is_and_none_only_when_libvirt_answers(
    host: Host, move: Move
) -> None:
    assert libvirt_domains.state(host, "a", WEB) == "shut off"
    (host.root / "uuids").write_text("", encoding="utf-8")
    assert libvirt_domains.state(host, "a", WEB) == "none"
    host.tool("virsh", SILENT)
    with pytest.raises(subprocess.CalledProcessError):
        libvirt_domains.state(host, "a", WEB)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_a_folder_that_somebody_left_there_is_no_example_for_its_owner(
    host: Host, move: Move
) -> None:
    beside = folder(host, f"{WEB}.novaweb-0badcafe")
    folder(host).rename(beside)
    for age, (name, owner) in enumerate((("5f", 65534), ("6f", 65533))):
        other = folder(host, f"{name}0c1d7e-0000-4000-8000-000000000009")
        other.mkdir()
        os.chown(other, owner, owner)
        os.utime(other, (age, age))
    os.chown(host.instances, 65534, 65534)
    host.run("b", instance_folder.place(move))
    assert (folder(host).stat().st_uid, beside.exists()) == (65534, False)
    assert (host.root / "notes/0badcafe/placed").exists()


def test_no_file_that_a_link_leads_to_gets_another_mode(host: Host) -> None:
    like, beside = (
        host.instances / name
        for name in (WEB.replace("1", "2"), f"{WEB}.novaweb-0badcafe")
    )
    for folder in (like, beside):
        folder.mkdir()
    (like / "disk").write_text("like this")
    another = host.root / "another"
    another.write_text("the target's own")
    another.chmod(0o600)
    (beside / "disk").symlink_to(another)
    facts = {"instances": str(host.instances), "bases": []}
    move = Move(WEB, "web", "a", "b", token="0badcafe", facts=facts)
    host.run("b", instance_folder.place(move))
    assert (host.folder / "disk").is_symlink()
    assert another.stat().st_mode & 0o777 == 0o600
