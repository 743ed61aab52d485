"""Where this machine gets its packages from, and how another one reaches the same."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from stranger.releases import Release

APT = Path("/etc/apt")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Of pip's settings, those that say how the index is reached: folders of this machine
# that others name do not exist in a bare one.
PIP_SETTINGS = ("index-url", "timeout", "proxy", "trusted-host")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def lines(
    release: Release, *, os_release: Path = Path("/etc/os-release"), apt: Path = APT
) -> list[str]:
    """The lines of sources.list for a release, after this machine's own.

    Empty where this machine is of another distribution: mmdebstrap then takes its
    own default.
    """
    here = dict(re.findall(r'^(\w+)="?([^"\n]*)', os_release.read_text(), re.M))
    codename = here.get("VERSION_CODENAME", "")
    if here.get("ID") != release.vendor or not codename:
        return []
    found = []
    for uri, suite in _entries(apt):
        # a suite that has no pockets of its own moves too fast for them
        pocket = suite.removeprefix(codename)
        wanted = pocket == "" or (pocket.startswith("-") and release.promised)
        if not suite.startswith(codename) or not wanted or "backports" in pocket:
            continue
        found.append(
            f"deb [signed-by={release.signed_by}] {uri} {release.suite}{pocket} "
            + " ".join(release.components)
        )
    return list(dict.fromkeys(found))


def _entries(apt: Path) -> Iterator[tuple[str, str]]:
    """Address and suite of every source of packages, in both of apt's formats."""
    folder = apt / "sources.list.d"
    for path in [apt / "sources.list", *sorted(folder.glob("*.list"))]:
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                words = re.sub(r"\[[^]]*\]", "", line).split()
                if len(words) > 2 and words[0] == "deb":
                    yield words[1], words[2]
    for path in sorted(folder.glob("*.sources")):
        text = re.sub(r"^#.*\n", "", path.read_text(errors="replace"), flags=re.M)
        for stanza in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.M))
            if "deb" in fields.get("Types", "").split():
                for uri in fields.get("URIs", "").split():
                    for suite in fields.get("Suites", "").split():
                        yield uri, suite


def certificates(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file of the authorities that this machine trusts, if it has one."""
    for path in (environ.get("PIP_CERT"), environ.get("SSL_CERT_FILE"), CERTIFICATES):
        if path and Path(path).is_file():
            return Path(path)
    return None


def pip_conf(environ: Mapping[str, str] = os.environ) -> str:
    """Settings for the pip of another machine: how this one reaches its index."""
    found: dict[str, str] = {}
    home = Path(environ.get("HOME", "/root"))
    for path in (
        *(Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf")),
        *(home / ".pip/pip.conf", home / ".config/pip/pip.conf"),
        Path(environ.get("PIP_CONFIG_FILE", os.devnull)),
    ):
        # pip's own order: the later file wins, and the environment over all
        parser = configparser.RawConfigParser()
        try:
            parser.read(path)
        except (OSError, configparser.Error):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found |= {
                    "timeout" if key == "default-timeout" else key: value
                    for key, value in parser.items(section)
                }
    for name in (*PIP_SETTINGS, "default-timeout"):
        if value := environ.get("PIP_" + name.upper().replace("-", "_")):
            found[name.removeprefix("default-")] = value
    kept = {name: found[name] for name in PIP_SETTINGS if name in found}
    return "[global]\n" + "".join(f"{k} = {v}\n" for k, v in kept.items())
