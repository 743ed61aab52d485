#!/usr/bin/env bash
# PyMySQL 1.2.4: connect(read_default_file=…) takes the file for that of MySQL's clients,
# but a # within a line, which begins a comment for them (mysys/my_default.c), belongs to
# the value; a backslash stands for itself, also before s or another backslash; and
# !include and !includedir, which Debian's own /etc/mysql/my.cnf has, are passed over
# without a word: what is set there is not. So a password that mysql accepts from a file
# is another one here, or none.
#
# Installs it in a temporary folder, with a server on loopback that notes the name it is
# given, and fails if it does otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    PyMySQL==1.2.4

cat > "$here/asks.py" << 'PYTHON'
import pathlib
import socket
import struct
import threading

import pymysql

GREETING = (
    b"\x0a10.11.19-MariaDB\0" + struct.pack("<I", 1) + b"12345678\0"
    + struct.pack("<HBHH", 0xF7FF, 45, 2, 0x000F) + b"\x15" + bytes(10)
    + b"123456789012\0mysql_native_password\0"
)


def asked(text):
    """Return the user with which it signs in that was given that option file."""
    file = pathlib.Path("client.cnf")
    file.write_text(text)
    names = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            peer, _ = server.accept()
            with peer:
                head = struct.pack("<I", len(GREETING))[:3] + b"\0"
                peer.sendall(head + GREETING)
                answer = peer.recv(4096)
                names.append(answer[36:].split(b"\0")[0].decode())

        thread = threading.Thread(target=greet)
        thread.start()
        try:
            pymysql.connect(
                host="127.0.0.1",
                port=server.getsockname()[1],
                read_default_file=str(file),
                ssl_disabled=True,
            )
        except pymysql.Error:
            pass
        thread.join()
    return names[0]


pathlib.Path("included.cnf").write_text("[client]\nuser = included\n")
print("comment: ", asked("[client]\nuser = nova # of the cell\n"))
print("quoted:  ", asked("[client]\nuser = 'nova # quoted'\n"))
print("blank:   ", asked("[client]\nuser = no\\sva\n"))
print("included:", asked("[client]\nuser = first\n!include included.cnf\n"))
PYTHON
said=$(cd "$here" && venv/bin/python -W ignore asks.py)
echo "$said"
grep -q '^comment:  *nova # of the cell$' <<< "$said"
grep -q '^quoted:  *nova # quoted$' <<< "$said"
grep -q '^blank:  *no\\sva$' <<< "$said"
grep -q '^included:  *first$' <<< "$said"
