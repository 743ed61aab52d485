"""What the pretend hosts say and do when writes of a guest are to be tracked."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pretend.host_disks import OFF, Metal
from pretend.host_survey import INSTANCES
from pretend.store import Store

Words = Mapping[str, str]
MARK = "bitmaps"  # as a job that has ended: it goes with the notes of the move


class Tracking:
    """One part of the pretend hosts: host_commands/dirty_bitmaps.py runs on real ones.

    The disks are the first nodes of their QEMU, in their order.
    """

    _store: Store
    _metal: Metal

    def _bitmaps_look(self, host: str, words: Words) -> str:
        key, tag = words["server_id"], f"novaweb-{words['token']}"
        begun = self._store.row(
            "SELECT * FROM jobs WHERE host = ? AND token = ? AND name = ?",
            *(host, words["token"], MARK),
        )
        rows = self._store.rows(
            "SELECT disk FROM bitmaps WHERE server_id = ? AND host = ? AND token = ?",
            *(key, host, words["token"]),
        )
        marked = {row["disk"] for row in rows}
        state = self._metal.domain(key, host) or "none"
        lines = ["== begun", *([" yes"] if begun else []), "== state", f" {state}"]
        lines.append("== nodes")
        disks = words["disks"].split()
        if state in {"none", OFF}:
            for disk in disks:
                bitmaps = [{"name": tag}] if disk in marked else []
                info = {"format-specific": {"data": {"bitmaps": bitmaps}}}
                lines += [f"== info {disk}", f" {json.dumps(info)}"]
        else:
            nodes = [
                {
                    "node-name": f"libvirt-{number}-format",
                    "drv": "qcow2",
                    "file": f"{INSTANCES}/{key}/{disk}",
                    "dirty-bitmaps": [{"name": tag}] if disk in marked else [],
                }
                for number, disk in enumerate(disks, 1)
            ]
            lines.append(f" {json.dumps({'return': nodes})}")
        return "\n".join([*lines, "== end", ""])

    def _bitmaps_track(self, host: str, words: Words) -> str:
        key, token = words["server_id"], words["token"]
        for disk in words["disks"].split():
            self._store.run(
                "INSERT OR IGNORE INTO bitmaps VALUES (?, ?, ?, ?)",
                *(key, host, disk, token),
            )
        self._store.insert(
            "jobs",
            {
                **{"host": host, "token": token, "name": MARK, "server_id": key},
                **{"target": "", "began": self._store.now(), "lasts": 0.0},
                **{"content": 0, "status": 0},
            },
        )
        return "".join(f"{disk} tracked\n" for disk in words["disks"].split())

    def _bitmaps_untrack(self, host: str, words: Words) -> str:
        self._store.run(
            "DELETE FROM bitmaps WHERE server_id = ? AND host = ? AND token = ?",
            *(words["server_id"], host, words["token"]),
        )
        return ""
