"""What the disks of a cold migration prove, once those of both hosts were read.

A cold migration copies files (nova/virt/libvirt/driver.py, migrate_disk_and_power_off,
the same in 26.2 and 34.0): until the guest starts on the target each is the source's to
the byte, or the same content in another format. From then on the guest writes, so that
only what it has not written to can be told to be the same. What is a difference, what
is a doubt, and what proves nothing, is in docs/adr/0017.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import basename

from migrations_app.integrations.host_commands.disk_images import Image
from migrations_app.integrations.host_commands.disk_pieces import Piece, Written
from migrations_app.wording import size

# With fewer pieces on a disk, that its guest has written to each of them since is no
# wonder; with so many, at least half must still be the same.
FEW = 16
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Layer:
    """A file of a disk on both hosts, and the pieces of it that were read."""

    kept: Image
    used: Image
    kept_pieces: Sequence[Piece] = ()
    used_pieces: Sequence[Piece] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A disk as the source has kept it, and as the target's domain uses it.

    ``layers``: its own file, and those that it stands on. ``runs``: its guest does, on
    the target; ``written`` is None when libvirt does not say what it has written since.
    """

    name: str
    layers: tuple[Layer, ...]
    device: str = "vda"
    runs: bool = True
    written: Written | None = None
    read_only: bool = False

    @property
    def disk(self) -> Layer:
        """Its own file."""
        return self.layers[0]

    @property
    def below(self) -> tuple[Layer, ...]:
        """The files that it stands on."""
        return self.layers[1:]


@dataclass(slots=True)
class Comparison:
    """What was found: sentences about differences, doubts, and what was compared."""

    differences: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    compared: list[str] = field(default_factory=list)


def judge_file(pair: Pair, *, target: str) -> list[str]:
    """Return why the target cannot use a disk at all."""
    used, name = pair.disk.used, pair.name
    if used.size is None:
        return [f"{name}: {target} has no file {used.path}"]
    if used.virtual_size is None:
        return [
            f"{name}: the domain on {target} takes it for {used.format}, which it is"
            f" not ({used.trouble})"
        ]
    return []


def judge_shape(pair: Pair, *, source: str, target: str, flavor_gib: int) -> list[str]:
    """Return how a disk differs by its format, its size, or its chain."""
    kept, used, name = pair.disk.kept, pair.disk.used, pair.name
    if used.size is not None and kept.virtual_size is None:
        return [f"{name}: the one on {source} is not {kept.format} ({kept.trouble})"]
    if kept.virtual_size is None or used.virtual_size is None:
        return judge_file(pair, target=target)
    converted = kept.format == "raw" and used.format == "qcow2"
    if kept.format != used.format and not converted:
        return [
            f"{name}: it is {kept.format} on {source}, and the domain on {target} takes"
            f" it for {used.format}"
        ]
    grown = name == "disk" and used.virtual_size == flavor_gib * GIB
    if used.virtual_size != kept.virtual_size and not (
        grown and used.virtual_size > kept.virtual_size
    ):
        return [
            f"{name}: its virtual size is {kept.virtual_size} bytes on {source},"
            f" {used.virtual_size} on {target} (as {used.format})"
        ]
    return _chain(pair, source=source, target=target)


def _chain(pair: Pair, *, source: str, target: str) -> list[str]:
    for layer in pair.layers:
        here, there = basename(layer.kept.backing), basename(layer.used.backing)
        if here != there:
            return [
                f"{pair.name}: {basename(layer.kept.path)} stands on"
                f" {here or 'nothing'} on {source}, on {there or 'nothing'} on {target}"
            ]
    for layer in pair.below:
        if layer.kept.size is None or layer.used.size is None:
            host = source if layer.kept.size is None else target
            return [f"{pair.name}: {host} has no file {layer.used.path}, its backing"]
        if layer.kept.size != layer.used.size:
            return [
                f"{pair.name}: {basename(layer.kept.path)}, on which it stands, has"
                f" {layer.kept.size} bytes on {source}, {layer.used.size} on {target}"
            ]
    return []


def judge_content(
    pair: Pair, comparison: Comparison, *, source: str, target: str
) -> None:
    """Add to the comparison what the pieces of a disk, and of those below it, tell."""
    for layer in pair.below:
        name = basename(layer.kept.path)
        count = _count(layer)
        if count.other:
            comparison.differences.append(
                f"{pair.name}: {name}, on which it stands, has another content on"
                f" {target} than on {source} ({count.other} of {count.all} pieces)"
            )
        elif count.unclear:
            comparison.doubts.append(f"{pair.name}: not all of {name} could be read")
    count = _count(pair.disk)
    differs, doubt = _own(pair, count, target=target)
    if differs:
        comparison.differences.append(f"{pair.name}: {differs}")
    if doubt:
        comparison.doubts.append(f"{pair.name}: {doubt}")
    if not (differs or doubt):
        comparison.compared.append(_said(pair, count))


@dataclass(frozen=True, slots=True)
class _Count:
    """Of the pieces with any content on the source: how they are on the target."""

    same: int = 0
    other: int = 0
    blanked: int = 0
    absent: int = 0
    unclear: int = 0

    @property
    def all(self) -> int:
        return self.same + self.other + self.blanked + self.absent + self.unclear


def _count(layer: Layer) -> _Count:
    there: Mapping[int, Piece] = {piece.start: piece for piece in layer.used_pieces}
    kinds = [
        _kind(piece, there.get(piece.start))
        for piece in layer.kept_pieces
        if not piece.blank
    ]
    return _Count(**{kind: kinds.count(kind) for kind in set(kinds)})


def _kind(kept: Piece, used: Piece | None) -> str:
    if used is None or "unclear" in {kept.kind, used.kind}:
        return "unclear"
    if used.kind == "absent":
        return "absent"
    if used.blank:  # a raw file has no word for that: it is noughts
        return "blanked"
    return "same" if used.sum == kept.sum else "other"


def _own(pair: Pair, count: _Count, *, target: str) -> tuple[str, str]:
    """Return how the disk's own content differs, and why it is not known."""
    changed = count.other + count.blanked
    of = f"of {count.all} pieces that were compared"
    if count.absent:
        # a guest can blank what it has, but not have its disk forget it
        return f"{count.absent} {of} are not there at all on {target}", ""
    if changed and pair.read_only:
        return f"{changed} {of} are others, and nobody can write to it", ""
    if changed and not pair.runs:
        # it was not started, or has shut down by itself since, or has crashed
        return "", (
            f"{changed} {of} are others, and its guest does not run there: unless it"
            " did, nobody can have written to them"
        )
    written = pair.written
    if written and count.other > written.can_change(pair.disk.kept_pieces):
        return (
            f"{count.other} {of} are others, more than its guest can have changed"
            f" ({written.requests} writes, {size(written.bytes)})",
            "",
        )
    if 2 * count.unclear > count.all:
        return "", f"{count.unclear} {of} could not be found in the file"
    if count.all >= FEW and 2 * count.same < count.all:
        return "", f"only {count.same} {of} are the same"
    return "", ""


def _said(pair: Pair, count: _Count) -> str:
    used = pair.disk.used
    about = f"{pair.name}: {size(used.virtual_size or 0)}, {used.format}"
    for layer in pair.below:
        compared = len(layer.kept_pieces)
        about += (
            f", on {basename(layer.kept.path)} ({size(layer.kept.size or 0)};"
            f" {compared} pieces are the same)"
        )
    if not count.all:
        return f"{about}; the guest had written nothing to it that could be compared."
    changed = count.other + count.blanked
    if not count.same:
        return (
            f"{about}; its guest has already written again to all {count.all} pieces"
            " that it had written to, so that nothing more could be compared."
        )
    was = "was" if changed == 1 else "were"
    since = f", {changed} {was} written to since" if changed else ""
    return f"{about}; {count.same} of {count.all} pieces are the same{since}."
