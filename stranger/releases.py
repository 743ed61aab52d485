"""The systems that novaweb is tried on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# What the README asks for, and git to clone with.
NAMED_IN_THE_README = ("make", "python3", "git")
KEYRINGS = Path("/usr/share/keyrings")


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release of a distribution, by the name of its suite in the archive.

    ``key`` is the file with which its archive is signed, for a machine whose own
    distribution has no package of it; ``promised`` says that the README does.
    """

    name: str
    vendor: str
    suite: str
    components: tuple[str, ...]
    keyring: Path
    key: Path
    promised: bool = True

    @property
    def signed_by(self) -> Path:
        return self.keyring if self.keyring.exists() else self.key


def _debian(name: str, suite: str, *, promised: bool = True) -> Release:
    keyring = KEYRINGS / "debian-archive-keyring.gpg"
    return Release(
        name=name,
        vendor="debian",
        suite=suite,
        components=("main",),
        keyring=keyring,
        key=keyring,  # Ubuntu has it too, as debian-archive-keyring
        promised=promised,
    )


RELEASES = {
    release.name: release
    for release in (
        _debian("debian-12", "bookworm"),
        _debian("debian-13", "trixie"),
        Release(
            name="ubuntu-24.04",
            vendor="ubuntu",
            suite="noble",
            components=("main", "universe"),
            keyring=KEYRINGS / "ubuntu-archive-keyring.gpg",
            # Debian 12 has no package of it. Its fingerprint:
            # F6ECB3762474EDA9D21B7022871920D1991BC93C
            key=Path(__file__).with_name("ubuntu-archive-key.asc"),
        ),
        _debian("debian-testing", "testing", promised=False),
    )
}
