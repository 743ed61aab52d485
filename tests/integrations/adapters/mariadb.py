"""A real MariaDB on loopback, that speaks TLS, with a database of Nova."""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pymysql
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.free_port import free_port

ROOT = Path(__file__).resolve().parents[3]
TABLES = Path(__file__).with_name("nova.sql")
ACCOUNT = ROOT / "deploy" / "nova-db.sql"
PASSWORD = "correct-horse"
SMALL = (
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=4M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-flush-method=nosync",
    "--innodb-data-file-path=ibdata1:4M:autoextend",
    "--skip-log-bin",
)


def make_certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that vouches for itself, and return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "novaweb tests")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(pem))
    return path


def statements(path: Path) -> list[str]:
    """Return the statements of a file of SQL."""
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    return [one.strip() for one in text.split(";") if one.strip()]


class MariaDb:
    """Listens on ``port`` of 127.0.0.1; ``run`` is its administrator's."""

    def __init__(self, folder: Path, *, like: Path | None = None) -> None:
        """``like`` is a folder of data to begin with; else it is made anew."""
        if not shutil.which("mariadbd") or not shutil.which("mariadb-install-db"):
            pytest.skip("there is no MariaDB here: apt-get install mariadb-server")
        self.folder = folder
        self.data = folder / "data"
        self.local = folder / "socket"
        self.port = free_port()
        self.certificate = make_certificate(folder)
        self.log = folder / "log"
        user = ["--user=root"] if os.geteuid() == 0 else []
        self.environment = dict(os.environ)
        self.words = ["--no-defaults", f"--datadir={self.data}", *user, *SMALL]
        self.process: subprocess.Popen[bytes] | None = None
        self.altered = True
        if like is None:
            self.install()
        else:
            shutil.copytree(like, self.data)

    def install(self) -> None:
        with self.log.open("ab") as log:
            subprocess.run(
                [
                    "mariadb-install-db",
                    *self.words,
                    "--auth-root-authentication-method=normal",
                    "--skip-test-db",
                ],
                stdout=log,
                stderr=log,
                check=True,
            )

    def start(self, *more: str) -> None:
        """It answers."""
        listen = [
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--socket={self.local}",
            f"--pid-file={self.folder}/pid",
            f"--ssl-cert={self.certificate}",
            f"--ssl-key={self.folder}/key.pem",
            "--skip-name-resolve",
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["mariadbd", *self.words, *listen, *more],
                stdout=log,
                stderr=log,
                env=self.environment,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                with socket.socket(socket.AF_UNIX) as local:
                    local.connect(str(self.local))  # it listens there last
                return
            except OSError:
                said = self.log.read_text("utf-8", errors="replace")[-3000:]
                assert self.process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def admin(self, database: str | None = None) -> pymysql.Connection[Any]:
        return pymysql.connect(
            unix_socket=str(self.local),
            user="root",
            database=database,
            autocommit=True,
            ssl_disabled=True,
        )

    def run(
        self, *queries: str, database: str | None = None, values: object = None
    ) -> list[tuple[Any, ...]]:
        """Run statements as the administrator, and return the rows of the last."""
        connection = self.admin(database)
        try:
            with connection.cursor() as cursor:
                for query in queries:
                    cursor.execute(query, values)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def make(self) -> None:
        """Nova's database has all its tables, as they should be, and no row."""
        tables = statements(TABLES)
        if self.altered:
            self.run("DROP DATABASE IF EXISTS nova", "CREATE DATABASE nova")
            self.run(*tables, database="nova")
            self.altered = False
        names = [table.split()[2] for table in tables]
        self.run(*(f"DELETE FROM {name}" for name in names), database="nova")  # noqa: S608

    def alter(self, *queries: str) -> None:
        """Change its tables; whoever comes next finds them as they were."""
        self.altered = True
        self.run(*queries, database="nova")

    def admit(self, *absent: str) -> None:
        """Make novaweb's account as documented, without columns that are absent."""
        self.run("DROP USER IF EXISTS 'novaweb'@'%'")
        for one in statements(ACCOUNT):
            text = one.replace("'password'", f"'{PASSWORD}'")
            for column in absent:
                text = re.sub(rf",\s*{column}\b", "", text)
            self.run(text)

    def insert(self, table: str, values: Mapping[str, object]) -> None:
        names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
        self.run(
            f"INSERT INTO {table} ({names}) VALUES ({places})",  # noqa: S608 - ours
            database="nova",
            values=values,
        )

    def options(self, path: Path, **changed: object) -> Path:
        """Write an option file for novaweb's account; None leaves an option out.

        "" names it without a value.
        """
        given = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": "novaweb",
            "password": PASSWORD,
            "database": "nova",
            "ssl-ca": self.certificate,
        } | {name.replace("_", "-"): value for name, value in changed.items()}
        lines = [
            f"{k} = {v}".removesuffix("= ") for k, v in given.items() if v is not None
        ]
        path.write_text("\n".join(["[client]", *lines, ""]), encoding="utf-8")
        return path
