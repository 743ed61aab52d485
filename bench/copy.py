"""How an instance's disks get to another host: the article's commands, and novaweb's.

    python -m bench.copy [--mbit 1000]

Takes a lab that is up with libvirt hosts (`make lab-up` with NOVAWEB_LAB_LIBVIRT=1;
NOVAWEB_LAB_NAME says which). Makes in a folder of its own on compute-40 a base of 8 GiB
with 5 % of data and a qcow2 with 1.3 GiB, half of it incompressible, and copies both to
compute-41, in one run and one way after the other. Bytes are those that crossed the
wire, both ways; the last pass is what is copied and compared after the stop, with 64
MiB written since the warm copy. Nothing is left behind. Ends with status 1 if a goal is
missed, and 3 where there is no such lab.

Both hosts share this machine's processors: what else runs counts against both ways.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.remembered import remembered
from lab.settings import SettingsError, from_environment
from migrations_app.integrations.host_commands import disk_copy, last_pass, paths
from migrations_app.integrations.host_commands.detached_job import Job
from migrations_app.integrations.interfaces import Move

SOURCE, TARGET = "compute-40", "compute-41"
TOP = "/var/lib/nova/novaweb-bench-copy"
SERVER = "00000000-0000-4000-8000-000000000000"
PATIENCE = 1800  # seconds, for one command
NO_LAB = 3
# At most this much of what the article's commands need.
BYTES, SECONDS, DOWNTIME = 1 / 5, 1 / 3, 1 / 4

MOVE = Move(
    SERVER,
    "bench",
    SOURCE,
    TARGET,
    token="0000be4c",  # noqa: S106
    facts={"instances": f"{TOP}/instances", "bases": [f"{TOP}/instances/_base/base"]},
)
BASE, FOLDER = paths.bases(MOVE)[0], paths.folder(MOVE)

# The programs of this machine stand for an operating system's image.
MAKE = f"""mkdir -p {TOP}/instances/_base {FOLDER}
cd {TOP}
{{ while :; do tar -cf - /usr/lib /usr/bin 2>/dev/null; done; }} | head -c 1075M >os
head -c 730M /dev/urandom >noise
truncate -s 8G {BASE}
i=0
while [ $i -lt 41 ]; do
  dd if=os of={BASE} bs=10M skip=$i seek=$((i * 19)) count=1 conv=notrunc status=none
  i=$((i + 1))
done
tail -c 665M os >used
qemu-img create -q -f qcow2 -b {BASE} -F raw {FOLDER}/disk 32G
qemu-io -c 'write -q -s noise 1G 665M' -c 'write -q -s used 4G 665M' {FOLDER}/disk
echo '{{}}' >{FOLDER}/disk.info
tail -c 64M noise >new
sync
"""
# What the guest writes after the warm copy: over old data, and where none was.
WRITE = f"""cd {TOP}
qemu-io -c 'write -q -s new 1100M 16M' -c 'write -q -s new 4200M 16M' \\
  -c 'write -q -s new 10G 16M' -c 'write -q -s new 20G 16M' {FOLDER}/disk
"""
ARTICLE = (
    f"rsync -r --progress {BASE} -e ssh {TARGET}:{BASE}",
    f"cd {TOP}/instances && rsync -r --progress {SERVER} -e ssh"
    f" {TARGET}:{TOP}/instances/",
)
SUMS = "find . -type f | sort | xargs openssl dgst -sha256 -r"


class NoLab(Exception):
    """There is no lab here that this can be measured on; the text says why."""


class Failed(Exception):
    """A command on a host failed; the text is what it said."""


@dataclass(frozen=True)
class Cost:
    """What a way took: seconds, and bytes that the source's interface saw."""

    seconds: float
    sent: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, self.sent + other.sent)


@dataclass(frozen=True)
class Hosts:
    """Two hosts of a lab, entered as its root."""

    ssh_config: str

    def run(self, host: str, text: str) -> str:
        """Run a shell script on a host and return what it wrote. Raises Failed."""
        done = subprocess.run(
            ["ssh", "-F", self.ssh_config, "-o", "BatchMode=yes", host, "sh -eu"],
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            words = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise Failed(f"{host}: exit status {done.returncode}: {words}")
        return done.stdout

    def cost(self, text: str) -> Cost:
        """Run a script on the source, which knows its own clock and interface."""
        answer = self.run(
            SOURCE,
            f"""count() {{ awk '/eth0:/ {{ sub(/.*:/, ""); print $1 + $9 }}' /proc/net/dev; }}
before=$(count) began=$(date +%s.%N)
sh -eu >/dev/null <<'NOVAWEB-END'
{text}
NOVAWEB-END
echo "$began $(date +%s.%N) $before $(count)"
""",  # noqa: E501
        )
        began, ended, before, after = answer.split()
        return Cost(float(ended) - float(began), int(after) - int(before))

    def job(self, make: Callable[[Move], Job]) -> Cost:
        """Run one of novaweb's jobs, in a folder as it has it on a hypervisor."""
        job = make(MOVE)
        folder = f"{TOP}/jobs/{job.name}"
        return self.cost(f"mkdir -p {folder}\ncd {folder}\n{job.script}")


def main() -> int:
    """Measure, print, clean up; see above for the exit status."""
    parser = argparse.ArgumentParser(
        description="Copy disks the article's way and ours."
    )
    parser.add_argument("--mbit", type=int, help="limit the network, in Mbit/s")
    asked = parser.parse_args()
    try:
        hosts = hosts_of_the_lab()
    except (NoLab, SettingsError) as error:
        print(f"bench.copy: {error}", file=sys.stderr)
        return NO_LAB
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with scratch(hosts), limited(hosts, asked.mbit):
            return compare(hosts, asked.mbit)
    except Failed as error:
        print(f"bench.copy: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def hosts_of_the_lab() -> Hosts:
    """Return the hosts of the lab that is up. Raises NoLab."""
    settings = remembered(from_environment())
    wanted = "bring one up as root with NOVAWEB_LAB_LIBVIRT=1 make lab-up"
    try:
        facts = json.loads(settings.facts_json.read_text(encoding="utf-8"))
        hosts = Hosts(facts["libvirt"]["ssh_config"])
    except (OSError, KeyError):
        raise NoLab(
            f"lab {settings.name!r} has no libvirt hosts, or there is no such lab or"
            f" no right to read it: {wanted}."
        ) from None
    try:
        for host in (SOURCE, TARGET):
            hosts.run(host, "true")
    except Failed as error:
        raise NoLab(f"lab {settings.name!r} is not up ({error}): {wanted}.") from None
    return hosts


@contextmanager
def scratch(hosts: Hosts) -> Iterator[None]:
    """Both hosts have a folder for this, and afterwards they have not."""
    try:
        print("making the data (about half a minute)", flush=True)
        hosts.run(SOURCE, f"rm -rf {TOP}\n{MAKE}")
        yield
    finally:
        for host in (SOURCE, TARGET):
            hosts.run(host, f"rm -rf {TOP}")


@contextmanager
def limited(hosts: Hosts, mbit: int | None) -> Iterator[None]:
    """Neither host sends faster than this, and afterwards both may again."""
    if mbit is None:
        yield
        return
    rule = f"root tbf rate {mbit}mbit burst 256kb latency 50ms"
    try:
        for host in (SOURCE, TARGET):
            hosts.run(host, f"tc qdisc replace dev eth0 {rule}")
        yield
    finally:
        for host in (SOURCE, TARGET):
            hosts.run(host, "tc qdisc del dev eth0 root 2>/dev/null || true")


def compare(hosts: Hosts, mbit: int | None) -> int:
    """Copy both ways, print the costs and their ratios; return the exit status."""
    clean = f"rm -rf {TOP}; mkdir -p {TOP}/instances"
    hosts.run(TARGET, f"{clean}/_base")
    print(f"network: {f'{mbit} Mbit/s' if mbit else 'no limit'}", flush=True)
    article = told("article: base", hosts.cost(ARTICLE[0]))
    stopped = told("article: folder, stopped", hosts.cost(ARTICLE[1]))
    hosts.run(TARGET, clean)
    ours = told("novaweb: base", hosts.job(disk_copy.base))
    ours += told("novaweb: folder, running", hosts.job(disk_copy.warm))
    hosts.run(SOURCE, WRITE)
    last = told("novaweb: last pass, compared", hosts.job(last_pass.last))
    here = hosts.run(SOURCE, f"cd {FOLDER}\n{SUMS}")
    if here != hosts.run(TARGET, f"cd {paths.beside(MOVE)}\n{SUMS}"):
        raise Failed("the copy is not the same")
    article += stopped
    print(
        f"other processes running: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    met = (
        goal("bytes on the wire", ours.sent, article.sent, BYTES),
        goal("time of the copy", ours.seconds, article.seconds, SECONDS),
        goal("time after the stop", last.seconds, stopped.seconds, DOWNTIME),
    )
    return 0 if all(met) else 1


def told(way: str, cost: Cost) -> Cost:
    """Print what a way took."""
    print(f"{way:30} {cost.seconds:7.1f} s {cost.sent / 1e6:9.1f} MB", flush=True)
    return cost


def goal(what: str, ours: float, article: float, most: float) -> bool:
    """Print the share of the article's, and tell whether it is small enough."""
    share = ours / article
    verdict = "holds" if share <= most else "MISSED"
    print(f"{what:30} {share:7.3f}   at most {most:.3f}   {verdict}")
    return share <= most


if __name__ == "__main__":
    sys.exit(main())
