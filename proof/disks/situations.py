"""How disks can be kept on two hypervisors: the rows of the matrix."""

from __future__ import annotations

from dataclasses import dataclass

# of the ephemeral and swap disks' backing files, on the target
SAME, OTHER, NONE = "the source's", "others", "none"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the hosts and the guest are like before a move.

    ``layout`` is the lab's (docs/lab.md); source and target are numbers of its hosts.
    """

    name: str
    title: str
    layout: str
    source: str = "40"
    target: str = "41"
    bases: str = SAME
    grown: bool = False  # the flavor's disk is larger than the image
    image_gone: bool = False  # deleted in Glance since the guest was made
    # the same in both directions, so that a guest may be moved there and back
    symmetric: bool = True


SITUATIONS = {
    it.name: it
    for it in (
        Situation(
            name="default",
            title="qcow2 on a raw base, Nova's default",
            layout="volumes",
        ),
        Situation(
            name="grown",
            title="root disk larger than its image",
            layout="volumes",
            grown=True,
        ),
        Situation(
            name="image-gone",
            title="image deleted in Glance",
            layout="volumes",
            grown=True,
            image_gone=True,
        ),
        Situation(
            name="no-bases",
            title="target without the ephemeral and swap disks' backing files",
            layout="volumes",
            bases=NONE,
            symmetric=False,
        ),
        Situation(
            name="other-bases",
            title="target with ephemeral and swap backing files of its own",
            layout="volumes",
            bases=OTHER,
            symmetric=False,
        ),
        Situation(
            name="qcow2-bases",
            title="qcow2 on a qcow2 base (force_raw_images off)",
            layout="volumes,qcow2-bases",
        ),
        Situation(
            name="raw",
            title="raw files (images_type raw, use_cow_images off)",
            layout="volumes,raw",
            grown=True,
        ),
        Situation(
            name="flat",
            title="raw files (images_type flat, use_cow_images off)",
            layout="volumes,flat",
            grown=True,
        ),
        Situation(
            name="raw-to-raw-alone",
            title="raw files, to a host with images_type raw alone",
            layout="volumes,one-raw",
            source="42",
            symmetric=False,
        ),
        Situation(
            name="qcow2-to-raw-alone",
            title="qcow2, to a host with images_type raw alone",
            layout="volumes,one-raw",
            symmetric=False,
        ),
        Situation(
            name="raw-alone-to-qcow2",
            title="from a host with images_type raw alone, to Nova's default",
            layout="volumes,one-raw",
            source="41",
            target="40",
            symmetric=False,
        ),
        Situation(
            name="vfat",
            title="config drive as vfat",
            layout="volumes,vfat",
        ),
        Situation(
            name="paths",
            title="another instances_path on the target",
            layout="volumes,paths",
            symmetric=False,
        ),
        Situation(
            name="shared",
            title="instances on shared storage",
            layout="shared,volumes",
            grown=True,
        ),
    )
}
