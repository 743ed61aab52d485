"""What the pretend hosts say of the files of disks, and of what is in them.

A disk holds ``PIECES`` pieces, of which its guest has written to the first since it
last started. A disk that was lost (``faults.lose``) holds none of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from posixpath import basename, dirname

from pretend.host_disks import RUNNING, Metal
from pretend.host_survey import BASES, base, disks, scratch, text
from pretend.store import Row, Store

Words = Mapping[str, str]
GIB = 1024**3
PIECE, PIECES = 65536, 20


class KeptDisks:
    """One part of the pretend hosts: host_commands/disk_images.py, disk_pieces.py."""

    _store: Store
    _metal: Metal

    def _disk_images(self, host: str, words: Words) -> str:
        sections: dict[str, list[str]] = {"lacking": []}
        for number, asked in enumerate(words["files"].splitlines()):
            kind, _, path = asked.partition(" ")
            found = self._image(host, path)
            sections[f"file {number}"] = ["missing"]
            if found is not None:
                size, below = found
                sections[f"file {number}"] = [f"{size} {size // 2048}"]
                info: dict[str, object] = {"virtual-size": size, "format": kind}
                if below:
                    info |= {"full-backing-filename": below}
                    info |= {"backing-filename-format": "raw"}
                sections[f"image {number}"] = [json.dumps(info)]
        return text({**sections, "end": []})

    def _disk_pieces(self, host: str, words: Words) -> str:
        path = words["path"]
        asked = [line.split()[1:] for line in words["pieces"].splitlines()]
        wanted = asked or [[str(n * PIECE), str(PIECE)] for n in range(PIECES)]
        pieces = [f"{at} {size} {self._piece(host, path, at)}" for at, size in wanted]
        written: list[str] = []
        if (key := words.get("server_id")) and (
            self._metal.domain(key, host) == RUNNING
        ):
            for number in range(4):
                block = f"block.{number}"
                written.append(f"{block}.name=vd{'abcd'[number]}")
                written += [f"{block}.wr.reqs=7", f"{block}.wr.bytes={7 * PIECE}"]
        return text({"pieces": pieces, "written": written, "end": []})

    def _image(self, host: str, path: str) -> tuple[int, str] | None:
        """Return the size of a disk, and what it stands on; None: it is not there."""
        if dirname(path) == BASES:
            return GIB, ""
        folder, server = self._folder_of(host, path)
        if folder is None or server is None:
            return None
        name = basename(path)
        size = disks(server, "").get(f"/{name}")
        below = base(server["image"]) if name == "disk" else ""
        below = scratch(server).get(name, (below, 0))[0]
        return None if size is None else (size, below)

    def _piece(self, host: str, path: str, at: str) -> str:
        if dirname(path) == BASES:
            whose = host if self._store.setting("own_bases") else ""
            return f"data {_sum(whose, path, at)}"
        folder, server = self._folder_of(host, path)
        if folder is None or server is None or folder["content"] < 0:
            return "absent -"
        written = at == "0" and not path.endswith(".config")
        last = folder["content"] if written else ""
        return f"data {_sum(server['id'], basename(path), at, last)}"

    def _folder_of(self, host: str, path: str) -> tuple[Row | None, Row | None]:
        name = basename(dirname(path))
        key = name.partition("_")[0]
        where = None if self._store.setting("shared_storage") else host
        server = self._store.row("SELECT * FROM servers WHERE id = ?", key)
        return self._metal.folder(key, name, where), server


def _sum(*words: object) -> str:
    return sha256(" ".join(map(str, words)).encode()).hexdigest()
