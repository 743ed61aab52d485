"""How qemu-img is let at a file that a guest, or who made its image, may have written.

A file is opened as the format that its domain, or the file above it, says, and never as
what it looks like. Not at all: a raw one that begins as an image does, which a tool
that probes takes for one that names other files; and a qcow2 one whose data is in
another file. What stands below a disk is taken only from where Nova keeps base images.
Nova refuses such images itself (nova/virt/libvirt/utils.py, create_image, 34.0).
"""

from __future__ import annotations

import re
from posixpath import dirname, normpath

# Formats in which Nova keeps disks as files.
KNOWN = ("raw", "qcow2")
SECONDS = 15  # that qemu-img may take
# As nova/privsep/qemu.py, QEMU_IMG_LIMITS (26.2): seconds of processor, KiB of memory.
_PROCESSOR, _MEMORY = 30, 1 << 20
# How files begin that can name others, or say where their data is (block/*.c of QEMU
# 7.2). LUKS is none of them: guests encrypt whole disks, and its header names nothing.
_BEGINS = (
    b"QFI\xfb",
    b"QED\0",
    b"KDMV",
    b"COWD",
    b"# Disk Descriptor",
    b"conectix",
    b"vhdxfile",
    b"WithoutFreeSpace",
    b"WithouFreSpacExt",
)
_IMAGES = "|".join(f"raw:{each.hex()}*" for each in _BEGINS)
_PLAIN = re.compile(r"/[A-Za-z0-9._/+-]+")
_INSTANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}.*")

# For after namespaces.TOOLS. ``qemu_image`` is qemu-img within bounds. ``why_not FORMAT
# PATH`` says why a file must not be opened so ("image", "data-file", "format";
# "special": to read it might never end), and nothing where it may: the third bit of a
# qcow2 file's incompatible features is that of an external data file
# (docs/interop/qcow2.txt of QEMU). ``is_base PATH INSTANCES`` tells whether a file is
# where Nova keeps base images: directly in a folder beside the instances' own, which
# has no instance's name.
WORDS = f"""qemu_image() (
  ulimit -t {_PROCESSOR}
  ulimit -v {_MEMORY}
  at_libvirt timeout {SECONDS} qemu-img "$@"
)
why_not() {{
  it=$libvirt_root$2
  if [ -e "$it" ] && [ ! -f "$it" ]; then echo special; return; fi
  begins=$(od -An -v -tx1 -N 80 -- "$it" 2>/dev/null | tr -d ' \\n')
  case "$1:$begins" in
    {_IMAGES}) echo image ;;
    qcow2:514649fb00000002*) ;;
    qcow2:514649fb*)
      case $(printf '%s' "$begins" | cut -c160) in [4-7c-f]) echo data-file ;; esac ;;
    raw:*|qcow2:*) ;;
    *) echo format ;;
  esac
}}
is_base() {{
  case "$1" in *[!A-Za-z0-9._/+-]*|*/./*|*/../*|*//*|*/|*/.|*/..) return 1 ;; esac
  around=${{1%/*}}
  [ -n "$2" ] && [ "${{around%/*}}" = "$2" ] || return 1
  case "${{around##*/}}" in ????????-????-????-????-????????????*) return 1 ;; esac
}}
"""

# The same without namespaces.TOOLS: a manual move needs virsh and qemu-img on the host.
HERE = f"""libvirt_root=
at_libvirt() {{ "$@"; }}
{WORDS}"""

_WHY = {
    "image": "begins as the header of an image does, though {it} is opened as raw",
    "data-file": "says that its data is in another file",
    "special": "is no plain file",
    "format": "is said to be of a format that Nova keeps no disk in",
    "elsewhere": "says that it stands on a file that is not among Nova's base images",
}


def because(reason: str, path: str) -> str:
    """Return why a file is not opened, as the end of a sentence that begins with it.

    ``reason`` is a word of ``why_not``, or "elsewhere".
    """
    return f"{path} {_WHY.get(reason, _WHY['format']).format(it='it')}"


def is_base(path: str, instances: str) -> bool:
    """Tell whether a file is where Nova keeps base images, as the shell's does.

    The folder's own name is an option ([image_cache]subdirectory_name).
    """
    around = dirname(path)
    return (
        _PLAIN.fullmatch(path) is not None
        and normpath(path) == path
        and dirname(around) == instances
        and not _INSTANCE.fullmatch(around.rpartition("/")[2])
    )
