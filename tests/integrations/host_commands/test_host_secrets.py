"""Which secrets libvirt has, and with which the disks of a guest are opened."""

from __future__ import annotations

import pytest

from tests.integrations.host_commands.stand_in import Host

SECRETS = """#!/bin/sh
[ "$1" = secret-list ] || exit 0
echo ' UUID                                   Usage'
echo '------------------------------------------------------------'
echo ' 457EB676-33da-42ec-9a8c-9293d545c337   ceph client.cinder secret'
echo
"""


def test_it_reads_which_secrets_libvirt_has(host: Host) -> None:
    host.tool("virsh", SECRETS)
    assert host.says().secrets == ("457eb676-33da-42ec-9a8c-9293d545c337",)
    host.tool("virsh", "#!/bin/sh\ntrue\n")
    assert host.says().secrets == ()
    host.tool("virsh", "#!/bin/sh\nexit 1\n")
    assert host.says().secrets is None


@pytest.mark.parametrize("below", ["", "source"])
def test_it_reads_with_which_secret_a_disk_is_opened(host: Host, below: str) -> None:
    auth = "<auth username='c'><secret type='ceph' uuid='457EB676-33da'/></auth>"
    if below:
        auth = f"<source protocol='rbd' name='volumes/v'>{auth}</source>"
    iscsi = "<auth username='c'><secret type='iscsi' usage='u'/></auth>"
    host.boot(
        devices=f"<disk type='network'>{auth}<target dev='vdc'/></disk>"
        f"<disk type='network'>{iscsi}<target dev='vdd'/></disk>"
    )
    found = host.guest()
    assert found is not None
    assert {disk.target: disk.secret for disk in found.disks if disk.secret} == {
        "vdc": "457eb676-33da"
    }
