"""``python -m supply.sbom > novaweb.cdx.json``: a bill of materials, CycloneDX 1.6.

Of all that requirements-lock.txt pins, with licences and the hashes of the files, and
of what static/vendor has.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from supply.licences import pinned
from supply.lock import LOCK, ROOT, name_of

VENDOR = ROOT / "static" / "vendor"


def hashes() -> dict[str, list[str]]:
    """Return the SHA-256 of each pin's files, by the package's name."""
    found: dict[str, list[str]] = {}
    text = LOCK.read_text(encoding="ascii").replace("\\\n", " ")
    for line in text.splitlines():
        found[name_of(line)] = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
    return found


def bom() -> Bom:
    """Return the bill."""
    licences, known = LicenseFactory(), hashes()
    made = Bom()
    made.metadata.component = Component(
        name="novaweb",
        type=ComponentType.APPLICATION,
        licenses=[licences.make_from_string("Apache-2.0")],
    )
    for name, version, licence in pinned():
        purl = PackageURL("pypi", name=name_of(name), version=version)
        made.components.add(
            Component(
                name=name,
                version=version,
                type=ComponentType.LIBRARY,
                purl=purl,
                bom_ref=str(purl),
                licenses=[licences.make_from_string(licence)] if licence else [],
                hashes=[_sha256(text) for text in known.get(name_of(name), ())],
            )
        )
    for name, version, digest in vendored():
        made.components.add(
            Component(
                name=name,
                version=version,
                type=ComponentType.FILE,
                bom_ref=f"vendor/{name}",
                hashes=[_sha256(digest)],
            )
        )
    return made


def vendored() -> list[tuple[str, str, str]]:
    """Return path, version and SHA-256 of each file that others wrote."""
    readme = (VENDOR / "README.md").read_text(encoding="utf-8")
    versions = dict(re.findall(r"^\| `([\w-]+)/` \|[^|]*\| (\S+) \|", readme, re.M))
    sums = (VENDOR / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    found = []
    for line in sums:
        digest, _, path = line.partition("  ")
        name = path.removeprefix("./")
        found.append((name, versions.get(Path(name).parts[0], ""), digest))
    return found


def _sha256(text: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=text)


if __name__ == "__main__":
    sys.stdout.write(JsonV1Dot6(bom()).output_as_string(indent=2) + "\n")
