#!/usr/bin/env bash
# Nova 34.0.0: while a guest without disks to copy migrates live (on shared storage, or
# booted from a volume), libvirt counts no disk bytes, and Nova answers with 0 for them.
# Its own schema of GET /servers/ID/migrations/ID wants at least 1 of each kind of bytes,
# or null. So with [api]response_validation = error every look at such a migration is an
# HTTP 500; with the default, warn, each look logs a warning. The same for memory that
# is all copied.
#
# Installs it in a temporary folder, and fails if it does otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint "$root/lab/releases/34.txt" nova==34.0.0

cat > "$here/asks.py" << 'PYTHON'
import types

from nova import exception
from nova.api.openstack.compute.schemas import server_migrations
from nova.api.validation import validators
from nova.virt.libvirt import guest

# libvirt itself is not needed: only its word for "no job", which is 0
guest.libvirt = types.SimpleNamespace(VIR_DOMAIN_JOB_NONE=0)
at, one = "2026-10-01T12:00:00+00:00", "11111111-2222-4333-8444-555555555555"
job = guest.JobInfo(
    memory_total=2**31, memory_processed=2**30, memory_remaining=2**30
)
record = {
    "id": 1, "uuid": one, "server_uuid": one, "status": "running",
    "created_at": at, "updated_at": at, "project_id": "0" * 32, "user_id": "0" * 32,
    "source_compute": "a", "source_node": "a",
    "dest_compute": "b", "dest_node": "b", "dest_host": None,
}
for kind in ("memory", "disk"):
    for of in ("total", "processed", "remaining"):
        record[f"{kind}_{of}_bytes"] = getattr(job, f"{kind}_{of}")


def valid(**bytes_):
    answer = {"migration": {**record, **bytes_}}
    schema = server_migrations.show_response_v280
    try:
        validators._SchemaValidator(schema, is_body=True).validate(answer)
    except exception.ValidationError as error:
        return error.format_message()
    return "valid"


print("with disks to copy: ", valid(**{
    f"disk_{of}_bytes": 2**30 for of in ("total", "processed", "remaining")
}))
print("without:            ", valid())
PYTHON
said=$(cd "$here" && venv/bin/python -W ignore asks.py 2> /dev/null)
echo "$said"
grep -q '^with disks to copy:  *valid$' <<< "$said"
grep -q '^without: .*disk_.*_bytes.* 0 is less than the minimum of 1' <<< "$said"
