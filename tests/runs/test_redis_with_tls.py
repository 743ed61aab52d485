"""A Redis that speaks TLS and wants a password: real, with an authority of our own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.checks import WARNING, run_checks
from django.test import Client
from django.utils import timezone
from structlog.testing import capture_logs

from migrations_app import jobs
from migrations_app.errors import Unreachable
from migrations_app.integrations.interfaces import MoveQuestion, Place
from migrations_app.integrations.looks import wire
from migrations_app.integrations.looks.ask import AskedWorkers
from migrations_app.integrations.looks.serve import Looks
from migrations_app.management import neighbour_checks, redis_checks
from migrations_app.management.commands import worker as command_worker
from migrations_app.runs import wakeup
from tests.authority import Authority
from tests.redis_server import PASSWORD, SERIAL, RedisServer

pytestmark = pytest.mark.server
SYNC = "migrations_app.jobs.sync"
PLACE = Place("a", "a.example.org", 7, "OS1")
OF_REDIS = ("novaweb.W023", "novaweb.I024")
Use = Callable[[str], None]


@pytest.fixture(autouse=True)
def awake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "_rests_until", 0.0)


@pytest.fixture
def use(settings: Any) -> Use:
    """Have novaweb ask that Redis."""

    def use(url: str) -> None:
        settings.NOVAWEB_REDIS_URL = url
        settings.RQ_QUEUES = {
            name: {**queue, "URL": url} for name, queue in settings.RQ_QUEUES.items()
        }

    return use


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(tmp_path: Path, authority: Authority) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path, authority, name="localhost")
    try:
        made.start()
        yield made
    finally:
        made.stop()


def told() -> list[str]:
    """Return what ``check --deploy`` says of Redis."""
    found = run_checks(
        tags=[neighbour_checks.NEIGHBOURS], include_deployment_checks=True
    )
    assert PASSWORD not in str(found)
    return [str(each.msg) for each in found if each.id in OF_REDIS]


def hint() -> str:
    (found,) = redis_checks.redis_lets_novaweb_in()
    return str(found.hint)


def refused(server: RedisServer) -> list[str]:
    """Return which commands Redis refused the account for want of a right."""
    admin = server.url(account="")
    with redis.Redis.from_url(admin, decode_responses=True) as client:
        return [str(entry["object"]) for entry in client.acl_log()]


@pytest.mark.parametrize("account", ["novaweb", ""], ids=["account", "requirepass"])
def test_workers_are_woken_and_asked_through_it(
    server: RedisServer, use: Use, monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    use(server.url(account=account))
    heard: list[str] = []
    monkeypatch.setattr(jobs, "sync", heard.append)
    assert wakeup.ring_now(SYNC, "lab", queue="inventory")
    command_worker._work(["inventory"], burst=True)
    assert heard == ["lab"]

    stop = threading.Event()
    looks = Looks({"move": lambda cloud, of: PLACE})
    thread = threading.Thread(target=looks.serve, args=(stop,))
    thread.start()
    try:
        asked = AskedWorkers("lab").ask("move", MoveQuestion("i", "a", "b"), Place)
    finally:
        stop.set()
        thread.join(60)
    assert asked == PLACE
    assert refused(server) == []
    assert told() == []


def test_the_account_may_do_nothing_else(server: RedisServer, use: Use) -> None:
    with redis.Redis.from_url(server.url()) as client:
        for words in (
            "CONFIG GET dir",
            "FLUSHALL",
            "SHUTDOWN",
            "ACL LIST",
            "MODULE LIST",
            "REPLICAOF 127.0.0.1 1",
            "KEYS *",
            "CLIENT LIST",
            "SET other 1",
            "GET other",
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*words.split())


def with_list(server: RedisServer, *revoked: int) -> str:
    """Return an address by which certificates are looked up in a list of these."""
    both = server.folder / "both.pem"
    listed = server.authority.revoke(*revoked).read_bytes()
    both.write_bytes(server.authority.file.read_bytes() + listed)
    flags = "ssl_include_verify_flags=VERIFY_CRL_CHECK_LEAF"
    return server.url(options=f"ssl_ca_certs={both}&{flags}")


def anothers(server: RedisServer) -> str:
    folder = server.folder / "other"
    folder.mkdir()
    return server.url(options=f"ssl_ca_certs={Authority(folder, 'Another').file}")


WRONG: dict[str, tuple[Callable[[RedisServer], str], str]] = {
    "authority": (anothers, "The certificate of Redis is not trusted (self-signed"),
    "revoked": (
        lambda it: with_list(it, SERIAL),
        "The certificate of Redis was revoked, and it is told no password.",
    ),
    "no list": (
        lambda it: server_without_list(it),
        "Whether the certificate of Redis was revoked cannot be told (unable to get",
    ),
    "no file": (
        lambda it: it.url(options="ssl_ca_certs=/nowhere/ca.pem"),
        "A file that NOVAWEB_REDIS_URL names cannot be read (No such file",
    ),
    "password": (
        lambda it: it.url(password="another"),
        "Redis refuses the password or account of NOVAWEB_REDIS_URL.",
    ),
    "no password": (
        lambda it: f"rediss://localhost:{it.port}/0?ssl_ca_certs={it.authority.file}",
        "Redis refuses the password or account of NOVAWEB_REDIS_URL.",
    ),
    "no TLS": (
        lambda it: it.url(scheme="redis"),
        "Redis cannot be reached (",
    ),
}


def server_without_list(server: RedisServer) -> str:
    flags = "ssl_include_verify_flags=VERIFY_CRL_CHECK_LEAF"
    return server.url(options=f"ssl_ca_certs={server.authority.file}&{flags}")


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_and_the_site_goes_on(
    server: RedisServer, use: Use, client: Client, wrong: str
) -> None:
    address, sentence = WRONG[wrong]
    use(address(server))
    (said,) = told()
    assert said.startswith(sentence)
    (found,) = redis_checks.redis_lets_novaweb_in()
    assert found.is_serious(WARNING) == (wrong != "no TLS")
    goes_on_without(client)


def goes_on_without(client: Client) -> None:
    """Assert that nobody waits, and nothing fails, but what needs a worker's look."""
    with capture_logs() as logs:
        assert not wakeup.ring_now(SYNC, "lab", queue="inventory")
    assert PASSWORD not in str(logs)
    assert wakeup.queues(timezone.now()) is None
    ready = client.get("/readyz").json()
    assert "Redis does not answer" in ready["redis"]
    assert PASSWORD not in str(ready)
    with pytest.raises(Unreachable):
        AskedWorkers("lab").ask("move", MoveQuestion("i", "a", "b"), Place)


def test_a_certificate_of_another_name_is_said(
    tmp_path: Path, authority: Authority, use: Use
) -> None:
    server = RedisServer(tmp_path, authority, name="redis.example.org")
    try:
        server.start()
        use(server.url())
        (said,) = told()
    finally:
        server.stop()
    assert said.startswith("The certificate of Redis is for another name (")
    assert "localhost" in said


def test_a_certificate_that_is_on_no_list_is_believed(
    server: RedisServer, use: Use
) -> None:
    use(with_list(server, SERIAL + 1))
    assert told() == []
    assert wakeup.ring_now(SYNC, "lab", queue="inventory")


def test_an_account_that_may_too_little_is_said(server: RedisServer, use: Use) -> None:
    with redis.Redis.from_url(server.url(account="")) as client:
        client.execute_command("ACL", "SETUSER", "novaweb", "resetkeys", "~other:*")
    use(server.url())
    (said,) = told()
    assert said.startswith("Redis does not let the account")


def test_tls_that_is_wanted_where_there_is_none_is_said(
    use: Use, redis_url: str
) -> None:
    use(redis_url.replace("redis://", "rediss://"))
    (said,) = told()
    assert said.startswith("Redis does not answer within 2 s.")
    assert "no TLS" in hint()


def test_nobody_at_that_address_is_said(server: RedisServer, use: Use) -> None:
    use(server.url())
    server.stop()
    (said,) = told()
    assert said.startswith("Nobody listens at the address of NOVAWEB_REDIS_URL.")
    (found,) = redis_checks.redis_lets_novaweb_in()
    assert not found.is_serious(WARNING)  # it may be back in a moment


def test_a_socket_that_is_not_there_is_said(use: Use, tmp_path: Path) -> None:
    use(f"unix://{tmp_path}/redis.sock")
    (said,) = told()
    assert said.startswith("Nobody listens at the address of NOVAWEB_REDIS_URL.")


def test_a_starting_worker_tells_it_too(
    server: RedisServer, use: Use, settings: Any
) -> None:
    settings.NOVAWEB_CLOUDS = []
    settings.NOVAWEB_NOVA_DB = {}
    use(server.url(password="another"))
    with capture_logs() as logs:
        neighbour_checks.tell()
    assert [each["check"] for each in logs] == ["novaweb.W023"]
    assert wire.QUESTIONS not in str(logs)
