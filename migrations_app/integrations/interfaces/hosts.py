"""What novaweb asks of a compute host, over SSH and where that is allowed.

There is one question, ``run``. It takes a ``Command``: approvers read its exact text in
the plan; the pretend hosts, which run nothing, use its name and words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Command:
    """One command for a host's POSIX shell: what it is called, and its text.

    ``words`` are the values that the text was made of, for test doubles of a host
    without a shell. A command that takes long detaches itself and returns at once.
    ``reads`` is for those that change nothing: they may be asked again and again, and
    the audit trail has them once for each answer.
    """

    name: str
    text: str
    words: Mapping[str, str] = field(default_factory=dict)
    reads: bool = False


class Hosts(Protocol):
    """The compute hosts of one cloud, named as their nova-compute services are."""

    def run(self, host: str, command: Command, *, timeout: float = 20.0) -> str:
        """Run the command as root there and return what it wrote to standard output.

        Raises Unreachable when the host cannot be reached or does not answer in
        time (the command may have run), Refused when its key is not the known one or
        it turns our account away, and Blocked with the last line of standard error
        when the command ended with another status than nought.
        """
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file in an instance's folder. Sizes in bytes; ``taken`` is what it occupies."""

    name: str
    size: int
    taken: int
    owner: str  # user:group, by name
    mode: str  # octal


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a guest, by its domain's XML and ``qemu-img info``. Sizes in bytes.

    ``source`` is a path for files and block devices. ``chain`` holds the paths of the
    backing files, nearest first.
    """

    source: str
    target: str  # vda, sda, …
    device: str  # disk, cdrom
    kind: str  # file, block, network
    format: str = ""
    virtual_size: int = 0
    taken: int = 0
    chain: tuple[str, ...] = ()
    secret: str = ""  # UUID of the secret with which libvirt opens it in Ceph
    refused: str = ""  # why it, or what it stands on, was not opened: PATH and a verb
    unread: str = ""  # the first of these files that qemu-img could not read


@dataclass(frozen=True, slots=True)
class Guest:
    """A domain on its host. ``state`` is virsh's word: running, shut off, paused, …

    ``kept`` is what libvirt itself keeps of it: snapshot, checkpoint, managed-save (its
    saved memory). None: it did not say.
    """

    domain: str  # instance-0000002a
    state: str
    machine: str = ""
    cpu: str = ""  # the <cpu> element of its XML
    disks: tuple[Disk, ...] = ()
    folder: str = ""  # the instance's folder
    files: tuple[File, ...] = ()
    nvram: str = ""  # path; empty: none
    tpm: bool = False
    devices: tuple[str, ...] = ()  # of the host: pci, mdev, usb, pmem, sev, share
    pinned: bool = False  # vCPUs are tied to the host's CPUs
    io_pinned: bool = False  # so is the thread that Nova adds since 33.0
    video: str = ""  # its video model: virtio, qxl, …
    type: str = "kvm"  # kvm, qemu
    kept: tuple[str, ...] | None = ()
    arch: str = ""  # x86_64, aarch64, …; it need not be its host's

    @property
    def local_disks(self) -> tuple[Disk, ...]:
        """Its disks that are files in the instance's folder.

        Other files are volumes: those of NFS and its like are files, too
        (nova/virt/libvirt/volume/nfs.py mounts them elsewhere).
        """
        inside = f"{self.folder}/"
        return tuple(
            disk
            for disk in self.disks
            if self.folder and disk.kind == "file" and disk.source.startswith(inside)
        )


@dataclass(frozen=True, slots=True)
class Base:
    """What a backing file holds. ``size`` in bytes; None: there is no such file.

    ``head`` and ``whole`` are the SHA-256 of its first 8 MiB and of all its content (as
    host_commands/base_images.py makes it); empty when that was not read in time.
    """

    size: int | None
    head: str = ""
    whole: str = ""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a host says of itself, about one instance. None: it did not say.

    ``settings`` holds chosen options of its nova.conf, as "section.name".
    """

    host: str
    free: int | None = None  # bytes, where the instances' folders are
    folder_there: bool | None = None  # there is a folder of this instance
    domain: str | None = None  # virsh's word for the instance's domain; "": none
    silent: str = ""  # what virsh said instead, where libvirt did not answer
    contained: bool = False  # its libvirt's tools are in a container, none on the host
    shared: bool | None = None  # its instances' folders are the source's too
    bases: Mapping[str, int] = field(default_factory=dict)  # backing file -> bytes
    # those that Nova makes by itself: path -> content; what is not in it is not known
    made: Mapping[str, Base] = field(default_factory=dict)
    libvirt: str = ""
    qemu: str = ""
    nova: str = ""
    takes_machine: bool | None = None  # its QEMU knows the guest's machine type
    takes_recorded: bool | None = None  # ... the one that Nova recorded, if another
    videos: tuple[str, ...] = ()  # the video models of its QEMU; (): it did not say
    takes_cpu: bool | None = None  # its CPU can run the guest's
    cpu_why: str = ""
    reaches: bool | None = None  # the source host can open SSH to it
    settings: Mapping[str, str] = field(default_factory=dict)
    # where the instances' folders are; "": its nova.conf was not read
    instances: str = ""
    filesystem: str = ""  # its kind and source there: "ext4 /dev/sda1"
    folder_mark: str = ""  # the folder's inode and time of change
    resize_there: bool | None = None  # there is a folder UUID_resize of this instance
    rsync: str = ""
    secrets: tuple[str, ...] | None = None  # UUIDs of those that its libvirt has
    nova_reaches: bool | None = None  # the source's nova-compute can open SSH to it
    libvirt_reaches: bool | None = None  # the source's libvirt can connect to its own
    # its own nova-compute can open SSH to the source; asked where it brings a config
    # drive that way
    nova_returns: bool | None = None
    # why a way is not open, or was not tried: ssh, nova, libvirt, back -> last words
    said: Mapping[str, str] = field(default_factory=dict)
    late: tuple[str, ...] = ()  # the ways that were not tried to their end in time


@dataclass(frozen=True, slots=True)
class Survey:
    """What SSH tells about one move, before it. ``unread``: host -> why not.

    ``guest`` is None when the source has no domain of the instance, or was not read.
    """

    guest: Guest | None
    source: HostFacts
    target: HostFacts | None
    unread: Mapping[str, str] = field(default_factory=dict)
