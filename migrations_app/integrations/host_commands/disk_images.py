"""What two hosts say of the files that are an instance's disks, format by format.

A file is only ever opened as what its domain, or the file above it, says that it is:
what a guest wrote to the begin of a raw disk must name no backing file
(``qemu_image``). Nothing below a file is opened with it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import (
    host_survey_parser,
    namespaces,
    qemu_image,
)
from migrations_app.integrations.interfaces import Command

# Of libvirt, which may live in a container, and of the host.
_ITS, _OURS = ("virsh", "qemu-img"), ("awk", "dd", "sha256sum", "stat")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file and the format as which it is opened."""

    path: str
    format: str


@dataclass(frozen=True, slots=True)
class Image:
    """What a host says of a file. Sizes in bytes; ``taken`` is what it occupies.

    ``size`` is None when there is no such file, ``virtual_size`` when it cannot be
    opened as that format: ``trouble`` then holds the words of qemu-img.
    """

    path: str
    format: str
    size: int | None = None
    taken: int = 0
    virtual_size: int | None = None
    backing: str = ""
    backing_format: str = ""
    trouble: str = ""


def look_at(files: Sequence[Opened]) -> Command:
    """Return the command that says what these files are; ``read`` understands it."""
    asked = "".join(
        f"look {number} {shlex.quote(each.format)} {shlex.quote(each.path)}\n"
        for number, each in enumerate(files)
    )
    return Command(
        "disk_images",
        f"""set +e
{namespaces.TOOLS}{qemu_image.WORDS}heading() {{ echo "== $1"; }}
said() {{ sed 's/^/ /'; }}
look() {{
  heading "file $1"
  if [ -f "$libvirt_root$3" ]; then
    stat -L -c '%s %b' -- "$libvirt_root$3" | said
    refused=$(why_not "$2" "$3")
    if [ -n "$refused" ]; then
      heading "refused $1"
      echo " $refused"
    else
      heading "image $1"
      qemu_image info -U -f "$2" --output=json -- "$3" 2>&1 | said
    fi
  elif [ ! -e "$libvirt_root$3" ] && [ -d "$libvirt_root$(dirname "$3")" ]; then
    echo ' missing'
  fi
}}
heading lacking
for tool in {" ".join(_ITS)}; do
  at_libvirt sh -c "command -v $tool" >/dev/null 2>&1 || echo " $tool"
done
for tool in {" ".join(_OURS)}; do
  command -v "$tool" >/dev/null || echo " $tool"
done
{asked}heading end
""",
        {"files": "\n".join(f"{each.format} {each.path}" for each in files)},
        reads=True,
    )


def read(answer: str, files: Sequence[Opened], *, host: str) -> list[Image]:
    """Return what the answer to ``look_at`` says, in the order that was asked.

    Raises Blocked when the host lacks a tool, or a file could not be looked at, or is
    not one to be opened.
    """
    said = host_survey_parser.sections(answer)
    if lacking := said.get("lacking"):
        raise Blocked(
            f"{host} has no {', no '.join(lacking)}, without which its disks cannot be"
            " looked at."
        )
    found = []
    for number, each in enumerate(files):
        if refused := " ".join(said.get(f"refused {number}", [])):
            raise Blocked(
                f"On {host} {qemu_image.because(refused, each.path)}: it is not opened."
            )
        about = " ".join(said.get(f"file {number}", []))
        image = "\n".join(said.get(f"image {number}", []))
        found.append(_image(each, about, image, host))
    return found


def _image(asked: Opened, about: str, image: str, host: str) -> Image:
    if about == "missing":
        return Image(asked.path, asked.format)
    try:
        size, blocks = map(int, about.split())
    except ValueError:
        raise Blocked(f"{asked.path} on {host} could not be looked at.") from None
    try:
        info = dict(json.loads(image))
        return Image(
            asked.path,
            asked.format,
            size,
            blocks * 512,
            int(info["virtual-size"]),
            str(info.get("full-backing-filename", info.get("backing-filename", ""))),
            str(info.get("backing-filename-format", "")),
        )
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        trouble = image.strip().rpartition("\n")[2]
        return Image(asked.path, asked.format, size, blocks * 512, trouble=trouble)


def look_at_tpm(folder: str, *, server_id: str) -> Command:
    """Return the command that lists the files of a virtual TPM that hold anything."""
    return Command(
        "disk_tpm",
        f"""set +e
{namespaces.TOOLS}if cd "$libvirt_root"{shlex.quote(f"{folder}/{server_id}")}; then
  find . -type f -name '*permall*' -size +0 -printf '%P\\n' | sort
fi
""",
        {"server_id": server_id, "folder": folder},
        reads=True,
    )
