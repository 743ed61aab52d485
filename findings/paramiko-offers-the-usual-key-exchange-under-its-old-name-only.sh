#!/usr/bin/env bash
# paramiko 5.1.0: of the key exchange over Curve25519 it offers the name from before its
# standard, curve25519-sha256@libssh.org, and not that of RFC 8731 (2020),
# curve25519-sha256, which OpenSSH has offered beside it since 7.4. A server whose list
# has the standard's name alone has nothing in common with it that ssh would not have.
#
# Installs it in a temporary folder, with a server on loopback, and fails if it does
# otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    paramiko==5.1.0 asyncssh==2.22.0

cat > "$here/meets.py" << 'PYTHON'
import asyncio
import socket

import asyncssh
import paramiko


def meet(port):
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", port)))
    try:
        transport.start_client(timeout=20)
        return "agreed"
    except paramiko.SSHException as error:
        return str(error)
    finally:
        transport.close()


async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    for name in ("curve25519-sha256@libssh.org", "curve25519-sha256"):
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[key], kex_algs=[name]
        )
        said = await asyncio.to_thread(meet, server.get_port())
        print(f"{name}: {said}")
        server.close()


asyncio.run(main())
PYTHON
said=$("$here/venv/bin/python" -W ignore "$here/meets.py" 2> /dev/null)
echo "$said"
grep -q '^curve25519-sha256@libssh.org: agreed$' <<< "$said"
grep -q '^curve25519-sha256: .*no acceptable kex' <<< "$said"
