"""What is done to an instance's folder: put in place, set aside, removed."""

from __future__ import annotations

from shlex import quote

from migrations_app.integrations.host_commands import paths, qemu_image
from migrations_app.integrations.host_commands.instance_files import NONE
from migrations_app.integrations.interfaces import Command, Move


def place(move: Move) -> Command:
    """Give the whole copy its name on the target, with owners and modes as there.

    They are those of the same file of the instance that was changed there last; where
    there is none, by name as on the source (libvirt gives disks to QEMU itself when
    the guest starts). A folder that is not of the account that has the folder of all
    instances is nobody's example, while there is one that is: somebody left it, and
    Nova could not write to a copy with its owner (imagebackend.py, disk.info.tmp).
    Nothing is replaced. A disk whose backing file has a name of its own there is told
    so.
    """
    return _command(
        "place",
        move,
        f"""cd {quote(paths.instances(move))}
if [ -e {move.server_id} ]; then
  [ -e {_beside(move)} ] || exit 0
  echo "there is a folder {move.server_id} already" >&2
  exit 1
fi
all=$(ls -dt ????????-????-????-????-???????????? 2>/dev/null || true)
like=$(echo "$all" | head -n 1)
owner=$(stat -c %u .)
for each in $all; do
  if [ "$(stat -c %u "$each")" = "$owner" ]; then like=$each; break; fi
done
chown --reference="${{like:-.}}" {_beside(move)}
chmod --reference="${{like:-.}}" {_beside(move)}
for file in {_beside(move)}/*; do
  other="${{like:-none}}/$(basename "$file")"
  if [ -f "$other" ] && [ ! -L "$file" ]; then
    chown --reference="$other" "$file"
    chmod --reference="$other" "$file"
  fi
done
{_rebase(move)}mkdir -p {quote(paths.notes(move))}
sync -f {_beside(move)}
mv -T -n {_beside(move)} {move.server_id}
if command -v restorecon >/dev/null; then restorecon -R {move.server_id}; fi
touch {quote(paths.notes(move))}/placed
""",
    )


def unplace(move: Move) -> Command:
    """Take the folder out of its place on the target again, and its idle domain."""
    return _command(
        "unplace",
        move,
        f"""cd {quote(paths.instances(move))}
{_let_go(move)}
if [ -e {move.server_id} ]; then mv -T -n {move.server_id} {_beside(move)}; fi
""",
    )


def discard(move: Move, *, target: bool) -> Command:
    """Remove the copy that is not in its place, and backing files that are ours.

    On the target also a folder in its place that has no disk: Nova made it when it
    tried to start the instance (nova/virt/libvirt/imagebackend.py writes disk.info).
    """
    parts = " ".join(
        quote(f"{path}.novaweb-{move.token}") for path in paths.bases(move)
    )
    ours = {paths.base_there(move, path) for path in paths.renamed(move).values()}
    parts = " ".join([parts, *map(quote, sorted(ours))])
    left = f"""left={quote(paths.folder(move))}
if [ -d "$left" ]; then
  others=$(find "$left" -mindepth 1 ! -name disk.info ! -name console.log)
  if [ -z "$others" ]; then rm -rf -- "$left"; fi
fi
"""
    return _command(
        "discard",
        move,
        f"""rm -rf {quote(paths.beside(move))} {parts}
rm -rf {quote(paths.notes(move))}
{left if target else ""}""",
    )


def retire(move: Move) -> Command:
    """Make the source forget the instance: no domain, its folder set aside.

    The folder has the domain's XML then, and that of its snapshots and checkpoints.
    """
    return _command(
        "retire",
        move,
        f"""cd {quote(paths.instances(move))}
all=$(virsh list --all --uuid)
if [ -d {move.server_id} ] && echo "$all" | grep -qx {move.server_id}; then
  virsh dumpxml --inactive -- {move.server_id} >{move.server_id}/domain.xml
  for kind in snapshot checkpoint; do
    number=0
    virsh "$kind-list" --name -- {move.server_id} 2>/dev/null | while read -r name; do
      [ -n "$name" ] || continue
      number=$((number + 1))
      virsh "$kind-dumpxml" --domain {move.server_id} "--${{kind}}name" "$name" \
        >"{move.server_id}/$kind-$number.xml" || true
    done
  done
fi
{_let_go(move)}
if [ -e {move.server_id} ]; then mv -T -n {move.server_id} {_beside(move)}; fi
""",
    )


def sweep(move: Move) -> Command:
    """Remove what was set aside on the source, for good."""
    return _command(
        "sweep",
        move,
        f"""rm -rf {quote(paths.beside(move))} {quote(paths.notes(move))}
""",
    )


def _rebase(move: Move) -> str:
    """Return the text that has disks stand on the names that their files have there.

    Only the name in the disk's header changes: the file's content is the same. A header
    that names no format, as Nova's of long ago, is one of a raw file: no other starts
    under libvirt since 6.1. qemu-img has to be told that.
    """
    text = qemu_image.HERE if paths.renamed(move) else ""
    for name, path in sorted(paths.renamed(move).items()):
        disk = f"{_beside(move)}/{quote(name)}"
        text += f"""if [ -n "$(why_not qcow2 "$PWD"/{disk})" ]; then
  echo {disk} is not opened: look how it begins, without qemu-img >&2
  exit 1
fi
format=$(qemu_image info -f qcow2 --output=json -- {disk} \\
  | sed -n 's/.*"backing-filename-format": "\\([a-z0-9]*\\)".*/\\1/p')
case "${{format:-raw}}" in
  raw|qcow2) ;;
  *) echo "a disk stands on a file of the format $format" >&2; exit 1 ;;
esac
qemu_image rebase -u -f qcow2 -F "${{format:-raw}}" \\
  -b {quote(paths.base_there(move, path))} -- {disk}
"""
    return text


def _let_go(move: Move) -> str:
    """Return the text that undefines the domain, and fails when it is alive.

    It fails, too, where libvirt does not answer: that is no word of any domain. libvirt
    refuses a domain that has snapshots, checkpoints or a saved memory unless it is told
    to drop what it knows of them. Of a domain that runs it keeps the domain, without
    its definition (libvirt 9.0, virsh undefine): one that was started in between is
    defined again.
    """
    key = move.server_id
    return f"""domain={NONE}
all=$(virsh list --all --uuid)
if echo "$all" | grep -qx {key}; then
  domain=$(virsh domstate -- {key} | head -n 1)
fi
case "$domain" in
  {NONE}) ;;
  "shut off")
    known=$(virsh help undefine)
    drop=
    for each in managed-save snapshots-metadata checkpoints-metadata; do
      case "$known" in *"--$each"*) drop="$drop --$each" ;; esac
    done
    definition=$(virsh dumpxml --inactive --security-info -- {key})
    virsh undefine --keep-nvram $drop -- {key} >/dev/null ||
      virsh undefine --keep-nvram -- {key} >/dev/null
    all=$(virsh list --all --uuid)
    if echo "$all" | grep -qx {key}; then
      printf '%s\\n' "$definition" | virsh define /dev/stdin >/dev/null
      echo "the domain of {key} was started meanwhile" >&2
      exit 1
    fi ;;
  *) echo "the domain of {key} is $domain here" >&2; exit 1 ;;
esac"""


def _command(name: str, move: Move, text: str) -> Command:
    words = {"server_id": move.server_id, "token": move.token}
    return Command(name, text, words)


def _beside(move: Move) -> str:
    return f"{move.server_id}.novaweb-{move.token}"
