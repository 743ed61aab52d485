"""The settings of one lab: environment only, checked once, kept by `up`.

Every name, path, port and address that belongs to a lab is derived here and
nowhere else. That is what lets two labs stand side by side.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from lab import layout
from lab.layout import Layout, number
from lab.release import NEWEST, RELEASES, Release

PROJECT = Path(__file__).resolve().parent.parent
VARIABLE_PREFIX = "NOVAWEB_LAB_"
REGION = "RegionOne"
FAKE_ZONES = ("OS1", "OS2")
LIBVIRT_ZONE = "OS3"
LIBVIRT_NUMBERS = ("40", "41", "42")
# As in the article's table: compute-30 and compute-34 are in OS1, the three
# between in OS2. Further hosts alternate.
ARTICLE_ZONES = {
    "compute-30": "OS1",
    "compute-31": "OS2",
    "compute-32": "OS2",
    "compute-33": "OS2",
    "compute-34": "OS1",
}
PORTS = {
    "keystone": 5000,
    "placement": 8778,
    "glance": 9292,
    "neutron": 9696,
    "cinder-api": 8776,
    "nova-api": 8774,
    "novncproxy": 6080,
    "mariadb": 13306,
    "mariadb-2": 13307,
    "galera": 13310,  # and five more
    "rabbitmq": 5672,
    "memcached": 11211,
}
DEFAULT_DRIVERS = "compute-33=SmallFakeDriver"

# name of the variable without its prefix: (default, what it means)
VARIABLES = {
    "NAME": ("lab", "name of this lab: up to 9 letters and digits"),
    "PREFIX": (
        "/opt/novaweb-lab",
        "folder of the installed software (PREFIX/venv, shared by all labs "
        "there of that release) and of each lab (PREFIX/NAME)",
    ),
    "ADDRESS": ("127.0.0.21", "loopback address that the services listen on"),
    "PORT_OFFSET": ("0", "added to every port"),
    "RELEASE": (NEWEST, "of OpenStack, by its Nova: " + ", ".join(RELEASES)),
    "FAKE_HOSTS": ("5", "number of fake-driver hosts, compute-30 and up"),
    "LIBVIRT": ("0", "1 adds libvirt/QEMU hosts, compute-40 to compute-42 in OS3"),
    "LAYOUT": ("", "NAME,... of lab/layouts: how hosts and MariaDB are laid out"),
    "CINDER": ("1", "0 leaves the volume service out"),
    "LIVE_SECONDS": ("5", "how long a live migration between fake hosts lasts"),
    "DRIVERS": (
        DEFAULT_DRIVERS,
        "HOST=CLASS,... classes of lab/inside/fake_driver.py for single hosts",
    ),
    "SUBNET": (
        "198.18.<last part of ADDRESS>",
        "first three parts of the /24 of the libvirt hosts",
    ),
}


class SettingsError(Exception):
    """A setting that cannot be used; the text says which, and what would do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one lab is made of. All paths are absolute."""

    name: str = "lab"
    prefix: Path = Path("/opt/novaweb-lab")
    address: str = "127.0.0.21"
    port_offset: int = 0
    release: str = NEWEST
    fake_host_count: int = 5
    libvirt: bool = False
    layout: str = ""
    cinder: bool = True
    live_seconds: float = 5.0
    drivers: Mapping[str, str] = field(default_factory=dict)
    subnet: str = "198.18.21"

    @property
    def root(self) -> Path:
        return self.prefix / self.name

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def hosts_dir(self) -> Path:
        return self.root / "hosts"

    @property
    def venv(self) -> Path:
        own = "" if self.release == NEWEST else f"-{self.release}"
        return self.prefix / f"venv{own}"

    @property
    def openstack(self) -> Release:
        return RELEASES[self.release]

    @property
    def cache(self) -> Path:
        return self.prefix / "cache"

    @property
    def clouds_yaml(self) -> Path:
        return self.root / "clouds.yaml"

    @property
    def secure_yaml(self) -> Path:
        # Empty, for openstacksdk to find it before one of the machine's.
        return self.root / "secure.yaml"

    @property
    def facts_json(self) -> Path:
        return self.root / "facts.json"

    @property
    def nova_db_options(self) -> Path:
        return self.root / "nova-db.cnf"

    @property
    def mysql_socket(self) -> Path:
        # in its data, the one folder that MariaDB may write to
        return self.state / "mysql/mysql.sock"

    @property
    def fake_hosts(self) -> tuple[str, ...]:
        """compute-30 and up, leaving out the numbers of the libvirt hosts."""
        numbers = (str(number) for number in range(30, 1000))
        free = (f"compute-{n}" for n in numbers if n not in LIBVIRT_NUMBERS)
        return tuple(islice(free, self.fake_host_count))

    @property
    def laid_out(self) -> Layout:
        return layout.of(self.layout)

    @property
    def libvirt_hosts(self) -> tuple[str, ...]:
        """Nova's names of them."""
        if not self.libvirt:
            return ()
        return tuple(self.laid_out.service.format(n=n) for n in LIBVIRT_NUMBERS)

    @property
    def epmd_port(self) -> int:
        # epmd listens on 127.0.0.1 too, whatever address it is given, so labs
        # on two addresses need two ports.
        number = int(ipaddress.ip_address(self.address)) & 0xFFF
        return 14000 + number + self.port_offset

    @property
    def rabbitmq_distribution_port(self) -> int:
        # RabbitMQ does not start if this port is taken on any address.
        return self.epmd_port + 0x1000

    @property
    def bridge(self) -> str:
        return f"nl-{self.name}"

    def zone(self, host: str) -> str:
        """Return the availability zone that `host` belongs to."""
        if number(host) in LIBVIRT_NUMBERS:
            return LIBVIRT_ZONE
        return ARTICLE_ZONES.get(host, FAKE_ZONES[int(number(host)) % len(FAKE_ZONES)])

    def port(self, service: str) -> int:
        return PORTS[service] + self.port_offset

    def url(self, service: str, path: str = "") -> str:
        return f"http://{self.address}:{self.port(service)}{path}"

    def veth(self, host: str) -> str:
        """Name of the machine's end of the cable to a libvirt host."""
        return f"{self.bridge}-{number(host)}"

    def host_address(self, host: str) -> str:
        """Address of a libvirt host, e.g. 198.18.21.40 for compute-40."""
        return f"{self.subnet}.{number(host)}"


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the environment asks for.

    Raises SettingsError with a sentence if one of them cannot be used.
    """
    given = os.environ if environ is None else environ
    known = {VARIABLE_PREFIX + name for name in VARIABLES}
    for name in given:
        if name.startswith(VARIABLE_PREFIX) and name not in known:
            raise SettingsError(
                f"{name} is not a setting of the lab. Known are: "
                + ", ".join(sorted(known))
            )

    def text(name: str) -> str:
        return given.get(VARIABLE_PREFIX + name, "").strip() or VARIABLES[name][0]

    name = text("NAME")
    if not re.fullmatch(r"[a-z][a-z0-9]{0,8}", name) or name in {"venv", "cache"}:
        raise _unusable("NAME", name, "1 to 9 small letters and digits, e.g. lab2")
    prefix = Path(text("PREFIX"))
    if not prefix.is_absolute() or prefix == Path("/"):
        raise _unusable("PREFIX", str(prefix), "an absolute path below /")
    address = _address(text("ADDRESS"))
    if (release := text("RELEASE")) not in RELEASES:
        raise _unusable("RELEASE", release, " or ".join(RELEASES))
    subnet = given.get(VARIABLE_PREFIX + "SUBNET", "").strip() or (
        "198.18." + address.rpartition(".")[2]
    )
    try:
        ipaddress.IPv4Network(f"{subnet}.0/24")
    except ValueError:
        raise _unusable("SUBNET", subnet, "three parts, e.g. 198.18.21") from None
    return Settings(
        name=name,
        prefix=prefix,
        address=address,
        release=release,
        port_offset=_number("PORT_OFFSET", text("PORT_OFFSET"), 0, 10000),
        fake_host_count=_number("FAKE_HOSTS", text("FAKE_HOSTS"), 0, 200),
        libvirt=_switch("LIBVIRT", text("LIBVIRT")),
        layout=_layout(text("LAYOUT")),
        cinder=_switch("CINDER", text("CINDER")),
        live_seconds=float(_number("LIVE_SECONDS", text("LIVE_SECONDS"), 0, 3600)),
        drivers=_drivers(text("DRIVERS")),
        subnet=subnet,
    )


def _unusable(name: str, value: str, wanted: str) -> SettingsError:
    return SettingsError(f"{VARIABLE_PREFIX}{name} is {value!r}, but must be {wanted}.")


def _address(text: str) -> str:
    try:
        loopback = ipaddress.IPv4Address(text).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise _unusable("ADDRESS", text, "an IPv4 loopback address, e.g. 127.0.0.22")
    return text


def _number(name: str, text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise _unusable(name, text, f"a whole number from {low} to {high}")
    return int(text)


def _switch(name: str, text: str) -> bool:
    if text not in {"0", "1"}:
        raise _unusable(name, text, "0 or 1")
    return text == "1"


def _layout(text: str) -> str:
    try:
        layout.of(text)
    except layout.LayoutError as error:
        raise SettingsError(f"{VARIABLE_PREFIX}LAYOUT is {text!r}: {error}") from None
    return text


def _drivers(text: str) -> dict[str, str]:
    drivers = {}
    for item in filter(None, text.split(",")):
        host, separator, driver = item.partition("=")
        if not separator or not driver.isidentifier():
            raise _unusable("DRIVERS", text, "HOST=CLASS,..., e.g. " + DEFAULT_DRIVERS)
        drivers[host] = driver
    return drivers
