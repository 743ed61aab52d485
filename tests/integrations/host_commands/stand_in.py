"""A host that is a folder: a real shell runs commands there, with stand-in tools."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from migrations_app.errors import Unreachable
from migrations_app.integrations.host_commands import host_survey_parser
from migrations_app.integrations.host_commands.detached_job import ROOT
from migrations_app.integrations.host_commands.guest_survey import look_at_guest
from migrations_app.integrations.host_commands.host_survey import look_at_host
from migrations_app.integrations.interfaces import Command, Guest, HostFacts

WEB = "5f0c1d7e-0000-4000-8000-000000000001"
XML = """<domain type='kvm'><name>instance-2a</name>
<metadata>
== state
== end
</metadata>
<os><type arch='x86_64' machine='pc-q35-8.2'>hvm</type>{os}</os>
<cpu mode='custom'><model>Skylake</model></cpu>{top}
<devices>
<disk type='file' device='disk'><driver type='qcow2'/><source file='{folder}/disk'/>
<target dev='vda'/></disk>
<disk type='file' device='cdrom'><source file='{folder}/disk.config'/>
<target dev='hda'/></disk>
<disk type='network' device='disk'><source name='vms/x'/><target dev='vdb'/></disk>
{devices}</devices></domain>
"""
VIRSH = """#!/bin/sh
case "$1" in
  version) echo 'Using library: libvirt 10.0.0'
    echo 'Running hypervisor: QEMU 8.2.2' ;;
  list) case "$*" in
    *--with-*) cat "$HERE/${4#--}" 2>/dev/null; true ;;
    *) cat "$HERE/uuids" 2>/dev/null; true ;; esac ;;
  domstate) echo running ;;
  hostname) echo compute-30 ;;
  dumpxml) cat "$HERE/domain.xml" ;;
  capabilities) printf '<capabilities>\\n<host>\\n<cpu>\\n<model>Host</model>\\n'
    printf '</cpu>\\n</host>\\n</capabilities>\\n' ;;
  domblklist) echo ' Type   Device   Target   Source'; echo '-----------'
    echo " file   disk   vda   $FOLDER/disk"
    echo " file   cdrom   hda   $FOLDER/disk.config"
    echo ' network   disk   vdb   vms/x' ;;
  domcapabilities) case "$*" in *pc-q35-8.2*|*'--machine=q35') ;; *)
    echo "error: the machine 'x' is not supported by emulator" >&2; exit 1 ;; esac
    echo "<graphics supported='yes'><value>vnc</value></graphics>"
    echo "<video supported='yes'>"; echo "<enum name='modelType'>"
    echo '  <value>vga</value>'; echo '  <value>virtio</value>'
    echo '</enum>'; echo '</video>'
    echo "<hostdev supported='yes'>"; echo '<value>pci</value>'; echo '</hostdev>' ;;
  hypervisor-cpu-compare) grep -q Skylake /dev/stdin || {
    echo 'The CPU described in /dev/stdin is incompatible with the host' >&2; exit 1; }
    echo 'The host is a superset of CPU described in /dev/stdin' ;;
  -c) case "$2" in *inbound*) ;; *) exit 1 ;; esac ;;
esac
"""
# The qcow2 disk stands on a base image; what is asked of is noted.
QEMU_IMG = """#!/bin/sh
if [ -n "$HERE" ]; then echo "$@" >>"$HERE/asked"; fi
for last; do :; done
printf '{\\n    "filename": "%s",\\n    "virtual-size": 2000,\\n' "$last"
case "$last" in
  */disk) printf '    "backing-filename": "%s",\\n' "@BASE@"
    printf '    "backing-filename-format": "raw",\\n' ;;
esac
printf '    "actual-size": 100\\n}\\n'
"""
SSH = """#!/bin/sh
case "$*" in *compute-34*) exit 0 ;; esac
printf 'banner\\r\\nnova@host: Permission denied (publickey).\\r\\n' >&2
exit 255
"""
CONF = """[DEFAULT]
state_path = {state}
my_ip=192.0.2.7
use_cow_images = False
transport_url = rabbit://nova:hunter2@rabbit/
# instances_path = /nowhere
[libvirt]
live_migration_inbound_addr = inbound.example.org
virt_type = qemu
[database]
connection = mysql://nova:hunter2@db/nova
[libvirt]
virt_type = kvm
"""


class Host:
    """A folder that plays a host's disk, with stand-ins for its programs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.instances = root / "state" / "instances"
        self.folder = self.instances / WEB
        (self.instances / "_base").mkdir(parents=True)
        (root / "bin").mkdir()
        self.tool("virsh", VIRSH)
        self.tool("qemu-img", QEMU_IMG.replace("@BASE@", f"{self.instances}/_base/b"))
        self.tool("rsync", "#!/bin/sh\necho 'rsync  version 3.2.7  protocol 31'\n")
        self.tool("ssh", SSH)

    def tool(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def stand_on(self, base: Path) -> None:
        """From now on all disks that are qcow2 stand on this file."""
        mapped = 'if [ "$1" = map ]; then exec /usr/bin/qemu-img "$@"; fi'
        text = QEMU_IMG.replace("@BASE@", str(base))
        self.tool("qemu-img", text.replace("#!/bin/sh", f"#!/bin/sh\n{mapped}"))

    def boot(self, *, os_: str = "", top: str = "", devices: str = "") -> None:
        self.folder.mkdir()
        (self.folder / "disk").write_bytes(b"x" * 5000)
        (self.folder / "disk.config").write_bytes(b"y")
        xml = XML.format(folder=self.folder, os=os_, top=top, devices=devices)
        (self.root / "domain.xml").write_text(xml, encoding="utf-8")
        (self.root / "uuids").write_text(f"{WEB}\n", encoding="utf-8")

    def run(self, host: str, command: Command, *, timeout: float = 20.0) -> str:
        # what a move notes on its hosts is not left on this machine
        text = command.text.replace(ROOT, str(self.root / "notes"))
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", text],  # as adapters/ssh runs it
            env={
                "PATH": f"{self.root}/bin:{os.environ['PATH']}",
                "HERE": str(self.root),
                "FOLDER": str(self.folder),
            },
            capture_output=True,
            text=True,
            timeout=timeout,
            check=True,
        )
        return done.stdout

    def says(self) -> HostFacts:
        asked = look_at_host(server_id=WEB)
        return host_survey_parser.host("compute-30", self.run("compute-30", asked), WEB)

    def guest(self) -> Guest | None:
        asked = look_at_guest(server_id=WEB)
        return host_survey_parser.guest(
            self.run("compute-30", asked), WEB, host="compute-30"
        )


class Several(Host):
    """Hosts by name; any other is silent."""

    def __init__(self, hosts: Mapping[str, Host]) -> None:
        self.hosts = hosts

    def run(self, host: str, command: Command, *, timeout: float = 20.0) -> str:
        if host not in self.hosts:
            raise Unreachable(f"{host} is silent.")
        return self.hosts[host].run(host, command, timeout=timeout)


@contextmanager
def running(
    tmp_path: Path,
    *,
    arguments: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Host]:
    """Have a host whose nova-compute and libvirtd run, found although others do, too.

    nova-compute runs in the folder ``home``, which is its HOME: what a service looks
    for by itself it finds there, and nowhere else.
    """
    host = Host(tmp_path)
    conf = tmp_path / "nova.conf"
    conf.write_text(CONF.format(state=tmp_path / "state"), encoding="utf-8")
    (tmp_path / "venv/lib/python3.11/site-packages/nova-33.1.0.dist-info").mkdir(
        parents=True
    )
    home = tmp_path / "home"
    for name in ("nova", "nova-compute"):
        (home / ".nova" / f"{name}.conf.d").mkdir(parents=True)
    given = ["--config-file", str(conf)] if arguments is None else arguments
    path = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    daemon = tmp_path / "libvirtd"
    daemon.symlink_to(sys.executable)
    with (
        _asleep(
            f"{tmp_path}/venv/bin/nova-compute",
            *given,
            executable=sys.executable,
            environ={**path, "HOME": str(home), **(environ or {})},
            folder=home,
        ) as nova,
        _asleep(
            str(daemon), executable=str(daemon), environ=path, folder=home
        ) as libvirt,
    ):
        host.tool(
            "grep",
            f"""#!/bin/sh
case "$1" in
  -lzx) echo /proc/{nova}/cmdline ;;
  -lx) echo /proc/{libvirt}/comm ;;
  *) PATH=/usr/bin:/bin exec grep "$@" ;;
esac
""",
        )
        yield host


@contextmanager
def _asleep(
    program: str,
    *arguments: str,
    executable: str,
    environ: Mapping[str, str],
    folder: Path,
) -> Iterator[int]:
    """Have a process that does nothing; its number."""
    words = [program, "-c", "import time; time.sleep(600)", *arguments]
    with subprocess.Popen(
        words, executable=executable, env=environ, cwd=folder
    ) as process:
        try:
            yield process.pid
        finally:
            process.kill()
