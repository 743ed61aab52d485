from __future__ import annotations

import configparser
import json
import os
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from lab import facts, layout, lifecycle, render, volumes
from lab.hypervisors import accounts, folders, keys
from lab.layout import LayoutError
from lab.settings import Settings, SettingsError, from_environment

MakeLab = Callable[..., Settings]
HOST = 0  # the first


@pytest.fixture
def laid_out(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], tuple[Settings, Path]]:
    """Return a function that writes the folder of the first host of a layout."""
    if not Path("/usr/bin/virsh").exists():
        pytest.skip("the accounts that libvirt's packages bring are not here")
    monkeypatch.setattr(os, "chown", lambda *_: None)
    monkeypatch.setattr(shutil, "chown", lambda *_: None)
    monkeypatch.setattr(folders, "run", lambda *_: "")

    def write(names: str) -> tuple[Settings, Path]:
        settings = make_lab(LIBVIRT="1", LAYOUT=names, NAME=f"l{len(names)}")
        settings.root.mkdir(exist_ok=True)
        render.configure(settings)
        keys.prepare(settings)
        host = settings.libvirt_hosts[HOST]
        folders.prepare(settings, host)
        return settings, settings.hosts_dir / host

    return write


@pytest.mark.parametrize("name", layout.names())
def test_each_layout_can_be_read_and_says_what_it_is(name: str) -> None:
    assert layout.of(name).meaning.endswith(".")


def test_each_layout_is_in_the_documentation() -> None:
    text = (render.TEMPLATES.parent.parent / "docs/lab.md").read_text()
    for name in layout.names():
        assert f"`{name}`" in text


def test_it_says_which_layouts_there_are() -> None:
    with pytest.raises(
        SettingsError, match=r"LAYOUT is 'shard': .* Known are: .*shared"
    ):
        from_environment({"NOVAWEB_LAB_LAYOUT": "shard"})


def test_layouts_that_contradict_do_not_go_together() -> None:
    found = []
    for pair in combinations(layout.names(), 2):
        try:
            layout.of(",".join(pair))
        except LayoutError:
            found.append(pair)
    assert found == [("container", "names"), ("flat", "raw")]
    with pytest.raises(LayoutError, match="'b' wants ssh_port = 3, and one before it"):
        layout.together({"a": {"ssh_port": 2}, "b": {"ssh_port": 3}})


def test_without_a_layout_a_host_is_as_ever(make_lab: MakeLab) -> None:
    settings = make_lab(LIBVIRT="1")
    assert settings.libvirt_hosts == ("compute-40", "compute-41", "compute-42")
    assert volumes.backends(settings) == ("fake",)
    names = {service.name for service in lifecycle.every_service(settings)}
    assert not [name for name in names if name.startswith(("storage-", "novas-"))]


def test_each_name_of_a_host_is_told_where_it_is_needed(make_lab: MakeLab) -> None:
    settings = make_lab(LIBVIRT="1", LAYOUT="names")
    settings.root.mkdir(exist_ok=True)
    render.configure(settings)
    keys.prepare(settings)
    assert settings.libvirt_hosts == ("hv-40", "hv-41", "hv-42")
    assert facts.collect(settings)["nodes"] == {
        f"hv-{n}": f"rack-3-node-{n}" for n in (40, 41, 42)
    }
    entry = keys.config(settings).read_text().split("Host ")[1]
    assert entry.startswith("hv-40\n")
    assert "Port 2222" in entry and "User operator" in entry
    assert "[mgmt-40]:2222" in keys.known_hosts(settings).read_text()


def test_a_host_s_own_options_come_after_those_of_all(
    laid_out: Callable[[str], tuple[Settings, Path]],
) -> None:
    settings, _ = laid_out("names")
    host = settings.libvirt_hosts[HOST]
    nova = configparser.ConfigParser(interpolation=None, strict=False)
    nova.read(settings.etc / f"nova/hosts/{host}.conf.d/50-host.conf")
    assert nova["DEFAULT"]["host"] == host
    assert nova["DEFAULT"]["instances_path"] == "/srv/instances"
    assert nova["libvirt"]["virt_type"] == "qemu"


def test_a_single_host_has_options_of_its_own(
    laid_out: Callable[[str], tuple[Settings, Path]],
) -> None:
    settings, _ = laid_out("volumes,raw,paths")
    first, second, _ = settings.libvirt_hosts
    elsewhere = ("DEFAULT", "instances_path", "/var/lib/nova/elsewhere")
    assert elsewhere in settings.laid_out.options(second)
    assert elsewhere not in settings.laid_out.options(first)
    nova = configparser.ConfigParser(interpolation=None, strict=False)
    nova.read(settings.etc / f"nova/hosts/{first}.conf")
    assert nova["libvirt"]["images_type"] == "raw"
    assert nova["libvirt"]["virt_type"] == "qemu"
    folders.prepare(settings, second)
    assert (settings.hosts_dir / second / "var-lib-nova/elsewhere").is_dir()


def test_a_lab_runs_on_where_only_novas_options_are_others() -> None:
    plain = layout.of("volumes")
    assert plain.like(layout.of("volumes,one-raw"))
    assert not plain.like(layout.of("shared,volumes"))


def test_a_container_has_what_the_host_has_not(
    laid_out: Callable[[str], tuple[Settings, Path]],
) -> None:
    settings, folder = laid_out("container")
    host = settings.libvirt_hosts[HOST]
    who = f"nova:x:{accounts.IN_CONTAINER}:"
    inside = folder / "etc-of-containers"
    assert who in (inside / "passwd").read_text()
    assert "\nnova:" not in (folder / "passwd").read_text()
    assert f"host = {host}" in (inside / "nova/nova.conf").read_text()
    mounts = json.loads((folder / "mounts.json").read_text())
    assert "/usr/bin/virsh" in mounts["hidden"]
    assert "/var/lib/nova" not in mounts["binds"].values()


def test_fat_is_mounted_in_another_way_where_config_drives_are_fat_alone(
    laid_out: Callable[[str], tuple[Settings, Path]],
) -> None:
    for names, over in {"volumes,vfat": ["/usr/sbin"], "volumes": []}.items():
        _, folder = laid_out(names)
        mounts = json.loads((folder / "mounts.json").read_text())
        assert list(mounts["over"].values()) == over


def test_accounts_have_other_ids_on_each_host(make_lab: MakeLab) -> None:
    if not Path("/usr/bin/virsh").exists():
        pytest.skip("the accounts that libvirt's packages bring are not here")
    settings = make_lab(LIBVIRT="1", LAYOUT="names")
    found = [accounts.of(settings, host) for host in settings.libvirt_hosts]
    assert len({who.nova_id for who in found} | {who.qemu_id for who in found}) == 6


def test_in_a_group_of_databases_novaweb_has_another_than_nova(
    make_lab: MakeLab,
) -> None:
    settings = make_lab(LAYOUT="galera")
    settings.root.mkdir(exist_ok=True)
    render.configure(settings)
    every = lifecycle.every_service(settings)
    first, second = (it for it in every if it.name.startswith("mariadb"))
    nova = (settings.etc / "nova/nova-database.conf").read_text()
    assert f":{first.port}/nova?" in nova
    assert f"port = {second.port}\n" in settings.nova_db_options.read_text()
    assert "--wsrep-new-cluster" in first.argv
    assert "--wsrep-new-cluster" not in second.argv


def test_a_database_that_demands_tls_is_checked_by_all_who_ask_it(
    make_lab: MakeLab,
) -> None:
    settings = make_lab(LAYOUT="tls-database")
    settings.root.mkdir(exist_ok=True)
    render.configure(settings)
    ca = render.database_ca(settings)
    urls = [
        line
        for path in settings.etc.rglob("*.conf")
        for line in path.read_text().splitlines()
        if "mysql+pymysql" in line
    ]
    assert len(urls) > 5
    assert all(url.endswith(f"&ssl_ca={ca}") for url in urls)
    assert f"ssl-ca = {ca}\n" in settings.nova_db_options.read_text()


def test_down_leaves_no_volume_of_its_own_a_device(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_lab(LIBVIRT="1", LAYOUT="volumes")
    folder = volumes.folder(settings)
    folder.mkdir(parents=True)
    detached = []

    def run(argv: list[str]) -> str:
        if "--detach" in argv:
            detached.append(argv[-1])
        return f"/dev/loop0 /var/lib/other.img\n/dev/loop12 {folder}/1a.raw\n"

    monkeypatch.setattr(volumes, "run", run)
    volumes.release(settings)
    assert detached == ["/dev/loop12"]
