"""What a guest has beside its disks after a cold migration: UEFI settings, a TPM."""

from __future__ import annotations

from collections.abc import Callable
from posixpath import dirname

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import (
    disk_images,
    host_survey,
    host_survey_parser,
)
from migrations_app.integrations.host_commands.disk_images import Opened
from migrations_app.integrations.interfaces import Command, Guest
from migrations_app.procedures.steps.disk_comparison import Comparison

# nova/virt/libvirt/utils.py, VTPM_DIR and save_and_migrate_vtpm_dir
TPM = "/var/lib/libvirt/swtpm"
Run = Callable[[str, Command], str]


def compare(
    run: Run,
    found: Comparison,
    before: Guest,
    now: Guest,
    *,
    server_id: str,
    source: str,
    target: str,
) -> None:
    """Add to what was found whether the target has them. Raises what ``run`` raises,
    and Blocked where the source does not say what it has kept."""
    # libvirt makes the file of UEFI settings when it starts the guest
    if before.nvram and now.state != "shut off":
        _compare_uefi(run, found, before, now, source=source, target=target)
    if before.tpm:
        _compare_tpm(
            run, found, before, server_id=server_id, source=source, target=target
        )


def _compare_uefi(
    run: Run, found: Comparison, before: Guest, now: Guest, *, source: str, target: str
) -> None:
    files = [Opened(now.nvram, "raw")] if now.nvram else []
    answer = run(target, disk_images.look_at(files))
    there = disk_images.read(answer, files, host=target)
    if not there or there[0].size is None:
        found.differences.append(
            f"UEFI settings: {target} has no file of them, {source} has {before.nvram}"
        )
        return
    found.compared.append(
        f"{now.nvram} is there. Nova does not carry UEFI settings over in a cold"
        " migration: they are those of a new machine."
    )


def _compare_tpm(
    run: Run,
    found: Comparison,
    before: Guest,
    *,
    server_id: str,
    source: str,
    target: str,
) -> None:
    kept = f"{_kept(run, before, server_id, source)}/swtpm"
    asked = disk_images.look_at_tpm(kept, server_id=server_id)
    here = set(run(source, asked).splitlines())
    asked = disk_images.look_at_tpm(TPM, server_id=server_id)
    there = set(run(target, asked).splitlines())
    if not here:
        raise Blocked(f"{source} has no state of its virtual TPM in {kept}.")
    if here - there:
        found.differences.append(
            f"virtual TPM: {target} has no {', '.join(sorted(here - there))} in"
            f" {TPM}/{server_id}, {source} has"
        )
    else:
        found.compared.append("the state of its virtual TPM is there.")


def _kept(run: Run, before: Guest, server_id: str, source: str) -> str:
    """Return the folder that the source has kept of the instance.

    One that is booted from a volume has no disk in it that would tell where it is.
    """
    inside = f"/{server_id}/"
    for disk in before.disks:
        if disk.kind == "file" and inside in disk.source:
            return f"{dirname(disk.source)}_resize"
    answer = run(source, host_survey.look_at_host(server_id=server_id))
    instances = host_survey_parser.host(source, answer, server_id).instances
    if not instances:
        raise Blocked(
            f"nova.conf on {source} could not be read: it says where the state of its"
            " virtual TPM is kept."
        )
    return f"{instances}/{server_id}_resize"
