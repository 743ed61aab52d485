"""``make demo`` and ``make dev``: the whole of novaweb on this machine."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from demo import place as demo_place
from demo import site
from demo.client import Api, Refused
from demo.ear import Ear
from demo.place import PROJECT, Place
from demo.programs import Programs
from demo.site import Account
from demo.story import Story, World
from demo.the_lab import Lab
from demo.words import Stopped, heading, say
from demo.worlds import Inventory, Nova
from lab import space
from lab.progress import end_with_the_terminal
from lab.settings import SettingsError

if TYPE_CHECKING:
    from demo.shown.show import Show

EAR = 8099  # where the demo's listener would like to be


def main() -> int:
    asked = arguments()
    # Ended from outside, it stops what it started, as after Ctrl-C, which a shell has
    # its background jobs ignore.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    end_with_the_terminal()
    running = Programs()
    lab = None
    try:
        lab = None if asked.pretend else Lab()
        with contextlib.ExitStack() as beside:
            return play(asked, running, lab, beside)
    except OSError as trouble:
        if not space.is_full(trouble):
            raise
        print(f"\nThe disk is full: {trouble}. Make room.", file=sys.stderr)
        return 1
    except (Stopped, Refused, SettingsError) as trouble:
        print(f"\n{trouble}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        heading("Stopping what was started")
        return 0 if not asked.once else 130
    finally:
        # A second Ctrl-C must not leave half of it running.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        running.stop()
        if lab:
            lab.stop()
        say("Nothing that was started here runs any more.")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the main job")
    parser.add_argument("--pretend", action="store_true", help="no lab, no root")
    parser.add_argument("--fresh", action="store_true", help="forget earlier demos")
    parser.add_argument("--folder", type=Path, help="where its data are kept")
    parser.add_argument("--port", type=int, default=0, help="of the site (else free)")
    return parser.parse_args()


def play(
    asked: argparse.Namespace,
    running: Programs,
    lab: Lab | None,
    beside: contextlib.ExitStack,
) -> int:
    """Everything runs and the main job was done; 0 if the cloud confirms it.

    What is to end with the demo is handed to ``beside``.
    """
    folder = asked.folder or PROJECT / (".dev" if asked.pretend else ".demo")
    folder = folder.resolve()
    with demo_place.alone(folder):
        if asked.fresh:
            forget(folder)
        place = demo_place.make(
            folder,
            pretend=asked.pretend,
            cloud=lab.environment() if lab else {"NOVAWEB_CLOUDS": "pretend"},
            port=asked.port,
        )
        if lab:
            heading("The lab: a real OpenStack on this machine")
            lab.rise()
        site.prepare(place)
        accounts = site.make_accounts(place)
        ear = Ear(place.log("webhook"), port=demo_place.free_port(EAR))
        beside.callback(ear.stop)
        reload = asked.pretend and not asked.once
        site.start(place, running, reload=reload, only=("valkey", "web"))
        show = made_to_show(place, running)
        show.furnish(ear.url)
        if lab:
            lab.wait()
        heading("The site")
        show.enrich()
        if not show.all_are_known() and lab:
            lab.seeded()
            say(site.manage("sync").strip())
        site.start(place, running, reload=reload, only=("worker",))
        show.begin()
        if lab:
            lab.seeded()
        site.wait_until_it_answers(place, running.look_after)
        proven = True
        if asked.once or not asked.pretend:
            proven = tell(place, accounts, running)
        heading("What there is to see beside")
        show.settle()
        if not asked.once:
            stay(place, accounts, running)
        return 0 if proven else 1


def made_to_show(place: Place, running: Programs) -> Show:
    """Return what fills the pages; Django is ready."""
    # its modules read the models, which nobody can before Django is ready
    from demo.shown.show import Show

    def pause() -> None:
        running.look_after()
        time.sleep(0.2)

    return Show(pretend=place.pretend, pause=pause)


def forget(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()


def tell(place: Place, accounts: Mapping[str, Account], running: Programs) -> bool:
    people = {
        name: Api(place.address, token=account.token)
        for name, account in accounts.items()
    }
    world: World = Inventory(people["auditor"]) if place.pretend else Nova()
    proven = Story(people, world, look_after=running.look_after).tell()
    heading("Both instances are on their targets" if proven else "It did NOT work out")
    return proven


def stay(place: Place, accounts: Mapping[str, Account], running: Programs) -> None:
    """Look after the programs until somebody presses Ctrl-C."""
    heading(f"novaweb is at {place.address}")
    for account in accounts.values():
        print(f"   {account.name:10} password {account.password}   {account.may}")
    print("   What to try: README.md, “See it”.")
    print(f"   Logs: {place.folder / 'log'}.  Ctrl-C stops all of it.", flush=True)
    while True:
        running.look_after()
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
