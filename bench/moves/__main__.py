"""What novaweb adds to a move: beside bare calls of Nova and the openstack client.

    python -m bench.moves [--rounds 7] [--live-seconds 5]

Brings up a lab of its own with fake hosts (docs/lab.md) and a site as a person would
run it (web, worker, Valkey), installs the openstack client into a temporary folder, and
has one instance for each way moved to and fro, in turn: live, then cold and confirmed.
The clock runs from the call that starts the move until who asked knows that the
instance is where it should be; with novaweb, from the last approval. Prints every
round, medians and ratios; ends with status 1 if a goal is missed. The lab is taken down
afterwards, whatever happens.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from keystoneauth1.adapter import Adapter
from openstack import connection

from bench.moves.ways import MICROVERSION, Bare, Client, Novaweb, Way, until
from demo import place as demo_place
from demo import site
from demo.client import Api
from demo.programs import Programs
from demo.the_lab import Lab

CLIENT = "python-openstackclient==10.5.0"
HOSTS = ("compute-30", "compute-31")
LAB = {
    "NOVAWEB_LAB_NAME": "moves",
    "NOVAWEB_LAB_ADDRESS": "127.0.0.30",
    "NOVAWEB_LAB_FAKE_HOSTS": "4",
    "NOVAWEB_LAB_LIBVIRT": "0",
    "NOVAWEB_LAB_CINDER": "0",
    # either host of a move does what the article's hosts do
    "NOVAWEB_LAB_DRIVERS": "compute-30=ArticleFakeDriver",
}
# Seconds over bare calls, and the share of the client's time.
OVER_BARE, OF_CLIENT = 1.0, {"live": 0.70, "cold": 0.55}
CALL = 0.3  # seconds for asking, and for approving
Taken = dict[tuple[str, str], list[float]]


def main() -> int:
    """Measure, print, clean up; see above for the exit status."""
    parser = argparse.ArgumentParser(description="What novaweb adds to a move.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--live-seconds", type=int, default=5)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.update(LAB, NOVAWEB_LAB_LIVE_SECONDS=str(asked.live_seconds))
    lab, running = Lab(), Programs()
    with tempfile.TemporaryDirectory(prefix="novaweb-bench-") as folder:
        try:
            lab.rise()
            client = install(Path(folder) / "client")
            lab.wait()
            lab.seeded()
            return measured(Path(folder), lab, running, client, asked.rounds)
        except KeyboardInterrupt:
            return 130
        finally:
            running.stop()
            lab.stop()


def install(folder: Path) -> Path:
    """Return the program ``openstack``, in a virtual environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "--quiet"]
    subprocess.run([*pip, "install", CLIENT], check=True)
    return folder / "bin" / "openstack"


def measured(
    folder: Path, lab: Lab, running: Programs, client: Path, rounds: int
) -> int:
    """Have all ways move their instances, and return the status."""
    own = folder / "site"
    cloud = lab.environment()
    place = demo_place.make(own, pretend=False, cloud=cloud, port=0)
    site.prepare(place)
    people = {
        name: Api(place.address, token=account.token)
        for name, account in site.make_accounts(place).items()
    }
    os.environ.update(cloud)
    nova = connection.Connection(cloud="lab").compute
    nova.default_microversion = MICROVERSION
    bare, novaweb = Bare(nova), Novaweb(people)
    environment = {**os.environ, **cloud, "OS_CLOUD": "lab"}
    ways: list[Way] = [bare, Client(client, environment), novaweb]
    servers = {way.name: boot(nova, bare, way.name) for way in ways}
    site.manage("sync")
    site.start(place, running, reload=False, only=("valkey", "web", "worker"))
    site.wait_until_it_answers(place, running.look_after)
    taken: Taken = {}
    for number in range(rounds):
        for procedure in ("live", "cold"):
            # live there, cold back
            target = HOSTS[1 if procedure == "live" else 0]
            for way in ways[number % 3 :] + ways[: number % 3]:
                if way is novaweb:
                    novaweb.ask(servers[way.name], procedure, target)
                seconds = way.move(servers[way.name], procedure, target)
                taken.setdefault((procedure, way.name), []).append(seconds)
                print(f"{procedure:5} {way.name:12} {seconds:6.2f} s", flush=True)
                if way is novaweb and number == rounds - 1:
                    print("\n".join(novaweb.where_it_went()), flush=True)
    return told(taken, novaweb)


def boot(nova: Adapter, bare: Bare, name: str) -> str:
    """Return the id of a new instance on the first host."""
    image = nova.get("/servers/detail?all_tenants=1&limit=1").json()["servers"][0]
    flavors = nova.get("/flavors").json()["flavors"]
    body = {
        "name": name.replace(" ", "-"),
        "flavorRef": next(it["id"] for it in flavors if it["name"] == "m1.tiny"),
        "imageRef": image["image"]["id"],
        "networks": "none",
        "availability_zone": f":{HOSTS[0]}",
    }
    made = nova.post("/servers", json={"server": body}).json()["server"]["id"]
    until(lambda: bare.stands(made, "ACTIVE", HOSTS[0]))
    return str(made)


def told(taken: Taken, novaweb: Novaweb) -> int:
    """Print the medians and goals; return the status."""
    medians = {key: statistics.median(seconds) for key, seconds in taken.items()}
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; medians:")
    met = []
    for procedure in ("live", "cold"):
        ours, bare, client = (
            medians[procedure, name] for name in ("novaweb", "bare calls", "openstack")
        )
        print(
            f"{procedure}: bare {bare:.2f}, openstack {client:.2f}, novaweb {ours:.2f}"
        )
        met += [
            goal(f"{procedure}: novaweb over bare calls, s", ours - bare, OVER_BARE),
            goal(
                f"{procedure}: novaweb by openstack",
                ours / client,
                OF_CLIENT[procedure],
            ),
        ]
    for what, seconds in (("asking", novaweb.asking), ("approving", novaweb.approving)):
        met.append(goal(f"{what}, s", statistics.median(seconds), CALL))
    return 0 if all(met) else 1


def goal(what: str, got: float, most: float) -> bool:
    """Print the figure, and tell whether it is small enough."""
    verdict = "holds" if got <= most else "MISSED"
    print(f"{what:34} {got:7.3f}   at most {most:.2f}   {verdict}", flush=True)
    return got <= most


if __name__ == "__main__":
    sys.exit(main())
