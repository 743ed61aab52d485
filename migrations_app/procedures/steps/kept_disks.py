"""The look at the disks of a cold migration, before its confirmation deletes a copy.

Until then the source has all it had: Nova has given the instance's folder another name,
``UUID_resize``, and the domain is still defined (nova/virt/libvirt/driver.py,
migrate_disk_and_power_off and _cleanup_resize, 26.2 and 34.0). Whatever goes wrong with
a copy, this is the last moment at which it costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from posixpath import basename, dirname

from migrations_app.errors import Blocked, Uncertain
from migrations_app.integrations.host_commands import (
    disk_images,
    disk_pieces,
    guest_survey,
    host_survey_parser,
    libvirt_domains,
    qemu_image,
)
from migrations_app.integrations.host_commands.disk_images import Image, Opened
from migrations_app.integrations.host_commands.instance_files import NONE
from migrations_app.integrations.interfaces import (
    Command,
    Disk,
    Guest,
    Move,
    Server,
)
from migrations_app.procedures.base import Step, StepContext, StepStatus
from migrations_app.procedures.steps import kept_firmware
from migrations_app.procedures.steps.disk_comparison import (
    Comparison,
    Layer,
    Pair,
    judge_content,
    judge_file,
    judge_shape,
)
from migrations_app.procedures.steps.verify import arrived, target_of

SWAP = "disk.swap"


class DisksAreKept(Step):
    """Compare the disks of {name} on {target} with those that {source} keeps until the
    confirmation; if one differs, or cannot be compared, hold the run."""

    title = "Check disks before confirmation"
    holds = (
        "Nothing was confirmed, so that both copies are there. Compare the disks on"
        " both hosts yourself; if they are right, confirm the migration in Nova and use"
        " “Look again”. Else roll the run back."
    )

    def sentence(self, move: Move) -> str:
        if move.facts.get("enters") is False:
            return (
                "Nobody compares the disks before the confirmation: novaweb may not"
                " enter the hosts of this cloud."
            )
        return super().sentence(move)

    def looks_at(self, move: Move) -> tuple[str, ...]:
        # what is read on the hosts takes its time
        return () if move.facts.get("enters") else ("server",)

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        if server.status != "VERIFY_RESIZE" or not arrived(ctx, server):
            ctx.log(
                f"The disks were not compared: the instance is {server.status} on"
                f" {server.host}, no longer waiting for its confirmation."
            )
            return StepStatus.DONE
        if not ctx.move.facts.get("enters"):
            ctx.log("Nobody compared the disks: novaweb may not enter the hosts.")
            return StepStatus.DONE
        target = str(target_of(ctx, server))
        try:
            comparison = _Look(ctx, server, target).compare()
        except Blocked as error:
            raise Uncertain(
                f"The disks could not be compared: {error.sentence} {self.holds}"
            ) from error
        if comparison.differences:
            raise Uncertain(_difference(ctx.move, target, comparison.differences))
        if comparison.doubts:
            raise Uncertain(
                f"Whether {ctx.move.server_name} has its disks on {target} is not"
                f" certain: {'; '.join(comparison.doubts)}. {self.holds}"
            )
        for line in comparison.compared:
            ctx.log(f"Compared with {ctx.move.source}: {line}")
        return StepStatus.DONE


def _difference(move: Move, target: str, found: list[str]) -> str:
    return (
        f"{target} does not have the disks of {move.server_name} that {move.source} has"
        f" kept. {'; '.join(found)}. Do not confirm this migration: it would delete"
        f" those on {move.source}. Roll the run back: it starts from them there; what"
        f" it wrote on {target} is lost then."
    )


class _Look:
    """One look at both hosts."""

    def __init__(self, ctx: StepContext, server: Server, target: str) -> None:
        self.ctx = ctx
        self.server = server
        self.source, self.target = ctx.move.source, target
        self.found = Comparison()

    def compare(self) -> Comparison:
        """Return what the disks tell. Raises Blocked where they could not be read."""
        before, now = self._guest(self.source), self._guest(self.target)
        if before is None:
            raise Blocked(
                f"libvirt on {self.source} has no domain of it any more, which would"
                " say what its disks are."
            )
        if now is None:
            state = libvirt_domains.state(self.ctx.hosts, self.target, self.server.id)
            if state != NONE:
                raise Blocked(f"libvirt on {self.target} does not describe its domain.")
            self.found.differences.append(f"libvirt on {self.target} has no domain")
            return self.found
        kept_firmware.compare(
            self._run,
            self.found,
            before,
            now,
            server_id=self.server.id,
            source=self.source,
            target=self.target,
        )
        disks = [disk for disk in before.disks if self._is_moved(disk)]
        if not disks:
            self.found.compared.append("no disk of it is a file that Nova moves.")
        strange = [
            disk.source for disk in disks if _format(disk) not in qemu_image.KNOWN
        ]
        if strange:
            raise Blocked(f"{', '.join(strange)} is neither raw nor qcow2.")
        for pair in self._pairs(disks, now):
            self._compare(pair)
        return self.found

    def _guest(self, host: str) -> Guest | None:
        asked = guest_survey.look_at_guest(server_id=self.server.id)
        answer = self._run(host, asked)
        return host_survey_parser.guest(answer, self.server.id, host=host)

    def _run(self, host: str, command: Command) -> str:
        return self.ctx.hosts.run(host, command, timeout=disk_pieces.PATIENCE)

    def _is_moved(self, disk: Disk) -> bool:
        return disk.kind == "file" and f"/{self.server.id}/" in disk.source

    def _kept(self, path: str) -> str:
        """Return where the source keeps what was at this path."""
        return path.replace(f"/{self.server.id}/", f"/{self.server.id}_resize/")

    # -- disks ---------------------------------------------------------------------
    def _pairs(self, disks: Sequence[Disk], now: Guest) -> list[Pair]:
        there = {basename(it.source): it for it in now.disks if self._is_moved(it)}
        both = []
        for disk in disks:
            name = basename(disk.source)
            other = there.get(name)
            if other is None:
                differs = f"the domain on {self.target} has no such disk"
            elif other.source != disk.source:
                differs = (
                    f"the domain on {self.target} uses {other.source}, but Nova has"
                    f" copied {disk.source}"
                )
            else:
                both.append((disk, other))
                continue
            self.found.differences.append(f"{name}: {differs}")
        kept = self._chains(
            self.source,
            [Opened(self._kept(one.source), _format(one)) for one, _ in both],
        )
        used = self._chains(
            self.target, [Opened(other.source, _format(other)) for _, other in both]
        )
        return [
            Pair(
                basename(one.source),
                tuple(map(Layer, mine, its)),
                device=other.target,
                runs=now.state != "shut off",
                read_only=other.device == "cdrom",
            )
            for (one, other), mine, its in zip(both, kept, used, strict=True)
        ]

    def _chains(self, host: str, disks: Sequence[Opened]) -> list[list[Image]]:
        """Return of each disk its own file, and those that it stands on.

        A file below is opened as what the one above says that it is; where that says
        nothing, as raw, so that nothing is found below it. Raises Blocked for one that
        is not where Nova keeps base images.
        """
        places = [dirname(dirname(disk.path)) for disk in disks]
        chains: list[list[Image]] = [[] for _ in disks]
        asked = dict(enumerate(disks))
        while asked and len(max(chains, key=len)) < guest_survey.DEEPEST:
            files = list(asked.values())
            answer = self._run(host, disk_images.look_at(files))
            images = disk_images.read(answer, files, host=host)
            for number, image in zip(asked, images, strict=True):
                chains[number].append(image)
                if image.backing and not qemu_image.is_base(
                    image.backing, places[number]
                ):
                    why = qemu_image.because("elsewhere", image.path)
                    raise Blocked(f"On {host} {why} ({image.backing}).")
            asked = {
                number: Opened(image.backing, image.backing_format or "raw")
                for number, image in zip(asked, images, strict=True)
                if image.backing
            }
        return chains

    def _compare(self, pair: Pair) -> None:
        kept = pair.disk.kept
        if kept.size is None:
            raise Blocked(
                f"{self.source} no longer has {kept.path}, from which it would start"
                " after a rollback: find that first."
            )
        if pair.name == SWAP:
            self._compare_swap(pair)
            return
        differs = judge_shape(
            pair,
            source=self.source,
            target=self.target,
            flavor_gib=self.server.flavor.disk_gb,
        )
        self.found.differences += differs
        if differs:
            return
        disk, answer = self._read(pair.disk)
        below = [self._read(layer, below=True)[0] for layer in pair.below]
        written = disk_pieces.read_written(answer).get(pair.device)
        judge_content(
            replace(pair, layers=(disk, *below), written=written),
            self.found,
            source=self.source,
            target=self.target,
        )

    def _compare_swap(self, pair: Pair) -> None:
        """Have only that it is there, as what the domain says that it is.

        Nova makes it again in the target's own format, as large as the flavor's swap
        even where the instance had asked for less (nova/virt/libvirt/driver.py,
        _create_image, ignore_bdi_for_swap; 26.2 and 34.0).
        """
        differs = judge_file(pair, target=self.target)
        self.found.differences += differs
        if not differs:
            self.found.compared.append(
                f"{SWAP} is there. Nova makes swap again on each host, so it was not"
                " compared."
            )

    def _read(self, layer: Layer, *, below: bool = False) -> tuple[Layer, str]:
        """Return a file with its pieces on both hosts, and the target's answer."""
        chosen = self._run(self.source, disk_pieces.choose(layer.kept, below=below))
        kept = disk_pieces.read(chosen, layer.kept, host=self.source)
        asked = disk_pieces.read_at(
            layer.used,
            kept,
            below=below,
            server_id="" if below else self.server.id,
        )
        answer = self._run(self.target, asked)
        used = disk_pieces.read(answer, layer.used, host=self.target)
        return replace(layer, kept_pieces=kept, used_pieces=used), answer


def _format(disk: Disk) -> str:
    return disk.format or "raw"  # libvirt's default
