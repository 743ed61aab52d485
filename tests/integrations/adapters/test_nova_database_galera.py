"""Nova's database on two nodes of Galera: another node is first, or lags, or goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrations_app.errors import Conflict, Unreachable, WorldError
from migrations_app.integrations.adapters.nova_database import MySqlNovaDb, transaction
from migrations_app.integrations.adapters.nova_database.transaction import Session
from tests.integrations.adapters import cell
from tests.integrations.adapters.cell import SOURCE, TARGET, WEB, change
from tests.integrations.adapters.galera import Node, Pair
from tests.integrations.adapters.wire import wire
from tests.processes.site import until

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("galera")]
OPEN = "whether it was, its row will show"
ANOTHER = "UPDATE instances SET updated_at = NOW(), progress = 7"


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("galera"))
    yield made
    made.stop()


@pytest.fixture
def group(pair: Pair) -> Pair:
    """Two nodes in one group, with the database of a cell."""
    pair.start()
    cell.fill(pair.one)
    pair.one.run("ALTER USER 'novaweb'@'%' REQUIRE NONE")
    pair.other.run("SET SESSION wsrep_sync_wait = 1", "SELECT 1 FROM nova.instances")
    return pair


def way(node: Node, folder: Path, **changed: object) -> MySqlNovaDb:
    plain = {"ssl_ca": None, "skip_ssl": ""} | changed
    return MySqlNovaDb(node.options(folder / f"{node.folder.name}.cnf", **plain))


@pytest.fixture
def db(group: Pair, tmp_path: Path) -> MySqlNovaDb:
    """By way of the one node."""
    return way(group.one, tmp_path)


@pytest.fixture
def over_there(group: Pair, tmp_path: Path) -> MySqlNovaDb:
    """By way of the other node."""
    return way(group.other, tmp_path)


@pytest.fixture
def lagging(group: Pair) -> Iterator[Callable[[], None]]:
    """The other node applies no change of instances, until that is called."""
    held = group.other.admin("nova")
    with held.cursor() as cursor:

        def let_go() -> None:
            cursor.execute("UNLOCK TABLES")

        cursor.execute("LOCK TABLES instances READ")
        yield let_go
    held.close()


def before(
    monkeypatch: pytest.MonkeyPatch, method: str, act: Callable[[], Any]
) -> None:
    """Let that happen before each such statement of a change."""
    real = getattr(Session, method)

    def first(session: Session, what: Any) -> Any:
        act()
        return real(session, what)

    monkeypatch.setattr(Session, method, first)


def looked_again(db: MySqlNovaDb) -> str:
    """Return where the instance is, once the node tells."""

    def look() -> str:
        try:
            return db.row(WEB).place.host
        except WorldError as error:
            assert isinstance(error, Unreachable | Conflict), error
            return ""

    return until(look, "the node to tell where the instance is")


def test_a_change_by_one_node_is_seen_on_the_other(
    db: MySqlNovaDb, over_there: MySqlNovaDb
) -> None:
    assert db.move(change())
    assert over_there.row(WEB).place == TARGET


def test_a_node_that_lags_is_waited_for(
    db: MySqlNovaDb, over_there: MySqlNovaDb, lagging: Callable[[], None]
) -> None:
    assert db.move(change())
    soon = threading.Timer(1.0, lagging)
    soon.start()
    assert over_there.row(WEB).place == TARGET
    soon.join()


def test_a_node_that_lags_makes_no_second_change(
    db: MySqlNovaDb, over_there: MySqlNovaDb, lagging: Callable[[], None]
) -> None:
    assert db.move(change())
    soon = threading.Timer(1.0, lagging)
    soon.start()
    assert not over_there.move(change())
    soon.join()


def test_a_node_that_does_not_catch_up_tells_nothing(
    group: Pair, db: MySqlNovaDb, over_there: MySqlNovaDb, lagging: Callable[[], None]
) -> None:
    group.other.wait_for_others(1)
    assert db.move(change())
    with pytest.raises(Conflict, match="lags behind others; nothing was changed"):
        over_there.row(WEB)
    lagging()
    group.other.wait_for_others(30)
    assert looked_again(over_there) == TARGET.host


@pytest.fixture(params=["OFF", "ON"])
def isolated(group: Pair, request: pytest.FixtureRequest) -> Iterator[None]:
    """Without snapshot isolation, as MariaDB was, and with it, as from 11.6.2 on."""
    name = "innodb_snapshot_isolation"
    found = group.one.run(f"SHOW GLOBAL VARIABLES LIKE '{name}'")
    if not found:
        pytest.skip(f"this MariaDB has no {name}")
    group.one.run(f"SET GLOBAL {name} = {request.param}")
    yield
    group.one.run(f"SET GLOBAL {name} = {found[0][1]}")


@pytest.mark.parametrize("method", ["change", "commit"])
def test_a_change_by_another_node_comes_first(
    group: Pair,
    db: MySqlNovaDb,
    monkeypatch: pytest.MonkeyPatch,
    isolated: None,
    method: str,
) -> None:
    seen = iter([False, True] if method == "change" else [True])

    def another() -> None:
        if next(seen):
            group.other.run(ANOTHER, database="nova")
            # until the one node has it, too
            group.one.run(
                "SET SESSION wsrep_sync_wait = 1", "SELECT 1 FROM nova.instances"
            )

    before(monkeypatch, method, another)
    with pytest.raises(Conflict, match="nothing was changed"):
        db.move(change())
    assert cell.columns(group.one)["progress"] == 7
    assert cell.columns(group.one)["host"] == SOURCE.host
    assert cell.tokens(group.one) == 1


def test_a_node_that_is_read_only_changes_nothing_and_the_other_does(
    group: Pair, db: MySqlNovaDb, over_there: MySqlNovaDb
) -> None:
    group.one.run("SET GLOBAL read_only = 1")
    try:
        with pytest.raises(Unreachable, match="is read-only, and nothing was changed"):
            db.move(change())
        assert cell.tokens(group.one) == 1
        assert over_there.move(change())
        # what others commit comes here all the same
        assert looked_again(db) == TARGET.host
    finally:
        group.one.run("SET GLOBAL read_only = 0")


def test_a_row_that_another_session_of_the_node_holds_is_left_alone(
    group: Pair, db: MySqlNovaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = transaction.BEGIN
    quick = "SET SESSION innodb_lock_wait_timeout = 1"
    monkeypatch.setattr(transaction, "BEGIN", (begin[0], quick, begin[2]))
    held = group.one.admin("nova")
    with held.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE instances SET progress = 1")
        with pytest.raises(Conflict, match="nothing was changed"):  # error 1205
            db.move(change())
    held.rollback()
    held.close()
    assert cell.tokens(group.one) == 1
    assert db.move(change())


def test_a_node_that_has_lost_its_group_tells_nothing(
    group: Pair, db: MySqlNovaDb
) -> None:
    group.whole = False
    # it would tell what may be old
    group.one.run("SET GLOBAL wsrep_dirty_reads = ON")
    group.other.stop()
    group.one.until("wsrep_cluster_status", "non-Primary")
    for ask in (lambda: db.row(WEB), lambda: db.move(change())):
        with pytest.raises(Unreachable, match=r"does not take us now \(1047\)"):
            ask()


def test_a_group_that_breaks_while_it_commits_leaves_it_open(
    group: Pair,
    db: MySqlNovaDb,
    over_there: MySqlNovaDb,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group.whole = False
    before(monkeypatch, "commit", group.other.pause)
    with pytest.raises(Unreachable, match=OPEN):
        db.move(change())
    monkeypatch.undo()
    group.other.resume()
    # seen both ways with Galera 26.4.23: what the one called failed, the other made
    found = looked_again(over_there)
    assert looked_again(db) == found
    if found == SOURCE.host:
        assert over_there.move(change())
    assert looked_again(db) == TARGET.host


@pytest.mark.parametrize("late, found", [(False, SOURCE.host), (True, TARGET.host)])
def test_a_node_that_dies_at_the_commit_leaves_it_to_the_other(
    group: Pair, over_there: MySqlNovaDb, tmp_path: Path, late: bool, found: str
) -> None:
    group.whole = False
    with wire(group.one.port) as cable:
        cable.cut_at, cable.late = b"\x03COMMIT", late
        with pytest.raises(Unreachable, match=OPEN):
            way(group.one, tmp_path, port=cable.port).move(change())
    group.one.stop()
    assert looked_again(over_there) == found
    if found == SOURCE.host:
        assert over_there.move(change())
    assert over_there.row(WEB).place == TARGET
