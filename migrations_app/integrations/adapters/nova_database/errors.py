"""What it means that the database did not simply answer: one of our errors."""

from __future__ import annotations

import ssl

import pymysql
from pymysql.constants import CR, ER

from migrations_app.errors import Blocked, Conflict, Refused, Unreachable, WorldError

# Of https://mariadb.com/kb/en/mariadb-error-codes/ and MySQL's server error reference;
# those without a name are newer than PyMySQL's list.
ACCOUNT = {
    ER.DBACCESS_DENIED_ERROR,
    ER.ACCESS_DENIED_ERROR,
    ER.HOST_NOT_PRIVILEGED,
    1862,  # MUST_CHANGE_PASSWORD_LOGIN
    1698,  # ACCESS_DENIED_NO_PASSWORD_ERROR
    1820,  # MUST_CHANGE_PASSWORD
    3118,  # MySQL: ACCOUNT_HAS_BEEN_LOCKED
    3159,  # MySQL: SECURE_TRANSPORT_REQUIRED
    4151,  # MariaDB: ACCOUNT_HAS_BEEN_LOCKED
}
# The server wants the password proved in a way that PyMySQL does not have. Of parsec of
# MariaDB 11.8.9 it says 2059; ed25519 it can do.
OTHER_PROOF = {
    1251,  # NOT_SUPPORTED_AUTH_MODE
    CR.CR_AUTH_PLUGIN_CANNOT_LOAD,
    CR.CR_AUTH_PLUGIN_ERR,
}
RIGHTS = {
    ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR,
    ER.SPECIFIC_ACCESS_DENIED_ERROR,
}
# Of a replica, and for seconds of a primary while another one takes over.
READ_ONLY = {
    ER.OPTION_PREVENTS_STATEMENT,  # 1290: --read-only, --super-read-only
    1792,  # CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
    1836,  # READ_ONLY_MODE
}
BUSY = {
    ER.LOCK_WAIT_TIMEOUT,  # Galera: or the node did not catch up with others
    ER.LOCK_DEADLOCK,  # Galera: or another node's change came first
    ER.CHECKREAD,  # MariaDB with innodb_snapshot_isolation, its default from 11.6 on
    3101,  # MySQL's group replication: another node's change came first
}
# At a COMMIT these say that nothing holds of it. Of any other error the change may
# hold: of 1180, which Galera 26.4.23 gives where the group breaks meanwhile, it did.
UNDONE = {ER.LOCK_DEADLOCK, 3101} | READ_ONLY
LATER = {
    ER.CON_COUNT_ERROR,
    ER.TOO_MANY_USER_CONNECTIONS,
    ER.USER_LIMIT_REACHED,
    ER.SERVER_SHUTDOWN,
    ER.HOST_IS_BLOCKED,
    1047,  # Galera: the node is not ready
    *(1152, 1158, 1159, 1160, 1161, 1184),  # the connection broke off, says the server
    1317,  # QUERY_INTERRUPTED
    1927,  # MariaDB: CONNECTION_KILLED
    1969,  # MariaDB: STATEMENT_TIMEOUT
    3024,  # MySQL: QUERY_TIMEOUT
    4031,  # MySQL 8.0.24: CLIENT_INTERACTION_TIMEOUT
    # ProxySQL, which Kolla and others put before a cluster: none of its servers took
    # the session within mysql-connect_timeout_server_max. It greets by itself, so the
    # first statement gets it and not the connection.
    9001,
}


def verdict(error: Exception, where: str, user: str, file: str) -> WorldError:
    """Return our error for what happened at ``where`` as ``user``, said by ``file``."""
    code = error.args[0] if error.args else None
    original = getattr(error, "original_exception", error)
    if isinstance(original, ssl.SSLCertVerificationError):
        return Refused(
            f"Nova's database at {where} shows a certificate that is not trusted"
            f" ({_reason(original)}): nothing was asked. Correct host or ssl-ca in"
            f" {file}, or the certificate."
        )
    if isinstance(original, ssl.SSLError) or code == CR.CR_SSL_CONNECTION_ERROR:
        return Refused(
            f"Nova's database at {where} does not speak TLS as {file} asks for: switch"
            " it on there, and look which versions it allows."
        )
    if code in ACCOUNT:
        return Refused(
            f"Nova's database at {where} turns the account {user} away: check user,"
            f" password and TLS in {file}, and from where the account may come."
        )
    if code in OTHER_PROOF:
        return Refused(
            f"Nova's database at {where} has the account {user} sign in by a method"
            " that novaweb does not know: identify it by ed25519 or"
            " mysql_native_password, in MySQL by caching_sha2_password."
        )
    if code in RIGHTS:
        return Refused(
            f"Nova's database lets the account {user} not do what novaweb must:"
            f" {_said(error)} Give it the rights of deploy/nova-db.sql."
        )
    if code == ER.BAD_DB_ERROR:
        return Refused(
            f"There is no such database at {where}: correct “database” in {file}; it is"
            " the cell's, not nova_api's."
        )
    if code in READ_ONLY:
        return Unreachable(
            f"Nova's database at {where} is read-only, and nothing was changed. While"
            " another server takes over that passes; if it stays so, it is a replica,"
            f" and {file} must name the primary."
        )
    if code in BUSY:
        return Conflict(
            "Another transaction holds or has changed the instance's row in Nova's"
            " database, or this node of it lags behind others; nothing was changed."
        )
    if code in LATER:
        return Unreachable(
            f"Nova's database at {where} does not take us now ({code}): {_said(error)}"
        )
    if _of_the_server(error, code):
        return Blocked(f"Nova's database does not do this ({code}): {_said(error)}")
    return Unreachable(
        f"Nova's database at {where} does not answer, or hung up: look whether it runs,"
        f" and at host and port in {file}."
    )


def undone(error: Exception) -> bool:
    """Say whether a COMMIT that ended so has certainly changed nothing."""
    return bool(error.args) and error.args[0] in UNDONE


def unsure(where: str, server_id: str) -> Unreachable:
    """Return the error for a change of which nobody knows whether it took place."""
    return Unreachable(
        f"Nova's database at {where} went away or failed while the change of"
        f" {server_id} was committed: whether it was, its row will show."
    )


def _reason(error: ssl.SSLCertVerificationError) -> str:
    """Return OpenSSL's words for it, e.g. that the name is another's, or it expired."""
    return str(error.verify_message or "it does not say why").rstrip(".")


def _of_the_server(error: Exception, code: object) -> bool:
    """Say whether the server itself named an error; 2000 to 2999 are the client's."""
    if not isinstance(error, pymysql.Error) or not isinstance(code, int):
        return False
    return code >= 1000 and not 2000 <= code < 3000


def _said(error: Exception) -> str:
    text = str(error.args[1]) if len(error.args) > 1 else ""
    text = text[:300].strip() or "it did not say why"
    return text if text[-1] in ".!?" else f"{text}."
