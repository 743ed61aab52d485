"""What all services of a lab stand on: databases, messages, a cache."""

from __future__ import annotations

from lab import certificates, galera
from lab.services import Service
from lab.settings import Settings


def every(settings: Settings) -> tuple[Service, ...]:
    """MariaDB's nodes, epmd, RabbitMQ, memcached: what all others need."""
    address = settings.address
    epmd = {
        "ERL_EPMD_ADDRESS": address,
        "ERL_EPMD_PORT": str(settings.epmd_port),
    }
    return (
        *databases(settings),
        # Started by us in the foreground. Otherwise RabbitMQ starts one as a
        # daemon that outlives it.
        Service(
            name="epmd",
            argv=("epmd",),
            env=epmd,
            port=settings.epmd_port,
        ),
        Service(
            name="rabbitmq",
            argv=("/usr/lib/rabbitmq/bin/rabbitmq-server",),
            env=epmd | _rabbitmq_environment(settings),
            port=settings.port("rabbitmq"),
        ),
        Service(
            name="memcached",
            argv=(
                "memcached",
                *("-u", "nobody"),
                *("-l", address),
                *("-p", str(settings.port("memcached"))),
                *("-m", "64"),
            ),
            port=settings.port("memcached"),
        ),
    )


def databases(settings: Settings) -> tuple[Service, ...]:
    """MariaDB, or the two nodes of its group; the first is to be up first."""
    if not settings.laid_out.galera:
        return (database(settings),)
    return tuple(
        database(settings, name, *galera.words(settings, name))
        for name in (galera.FIRST, galera.SECOND)
    )


def database(settings: Settings, name: str = galera.FIRST, *more: str) -> Service:
    """One MariaDB, in no group unless it is told so."""
    data = galera.data(settings, name)
    return Service(
        name=name,
        argv=(
            "mariadbd",
            "--no-defaults",
            "--user=mysql",
            f"--datadir={data}",
            f"--socket={data / settings.mysql_socket.name}",
            f"--bind-address={settings.address}",
            f"--port={settings.port(name)}",
            f"--pid-file={data / 'mariadb.pid'}",
            f"--tmpdir={data}",
            "--max-connections=1500",
            "--innodb-buffer-pool-size=256M",
            "--innodb-log-file-size=32M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--character-set-server=utf8mb3",
            *_tls(settings),
            *more,
        ),
        port=settings.port(name),
    )


def _tls(settings: Settings) -> tuple[str, ...]:
    if not settings.laid_out.tls_database:
        return ()
    path = certificates.certificate(settings)
    return (
        f"--ssl-cert={path}",
        f"--ssl-key={path.with_suffix('.key')}",
        "--require-secure-transport=ON",
    )


def _rabbitmq_environment(settings: Settings) -> dict[str, str]:
    state, etc = settings.state / "rabbitmq", settings.etc / "rabbitmq"
    interface = settings.address.replace(".", ",")
    return {
        "HOME": str(state),
        "RABBITMQ_NODENAME": f"{settings.name}@localhost",
        "RABBITMQ_CONFIG_FILE": str(etc / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(etc / "conf.d/*.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(etc / "advanced.config"),
        "RABBITMQ_MOTD_FILE": str(etc / "motd"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(etc / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/nonexistent",
        "RABBITMQ_MNESIA_BASE": str(state / "mnesia"),
        "RABBITMQ_LOG_BASE": str(state / "log"),
        "RABBITMQ_PID_FILE": str(state / "pid"),
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RABBITMQ_DIST_PORT": str(settings.rabbitmq_distribution_port),
        # one scheduler that does not spin: it shares few cores with many
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none "
        f"+sbwtdio none -kernel inet_dist_use_interface {{{interface}}}",
    }
