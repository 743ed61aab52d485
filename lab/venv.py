"""The venv with OpenStack's services, shared by all labs of a prefix."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from lab import apt
from lab.machine import PYTHON
from lab.progress import heartbeat, run, say
from lab.settings import PROJECT, Settings

LIBVIRT_REQUIREMENTS = PROJECT / "lab/requirements-libvirt.txt"
INSIDE = PROJECT / "lab/inside"
MEGABYTES = 600  # that the venv takes, generously
# The pip that builds a package is another process, which hears of no option.
NO_CACHE = dict(os.environ) | {"PIP_NO_CACHE_DIR": "1", "PYTHONNOUSERSITE": "1"}
ENTRY_POINTS = """\
[neutron.ml2.mechanism_drivers]
novaweb_lab = novaweb_lab_mechanism:AnyHostMechanismDriver
"""


def python(log: Path) -> str:
    """Return the distribution's python, which makes venvs afterwards.

    Not one below somebody's home: nova-compute on a libvirt host does not run
    as root, and must be able to read it. That it is new enough, `machine` says.
    """
    has_venv = Path(PYTHON).exists() and (
        subprocess.run(
            [PYTHON, "-c", "import ensurepip"], capture_output=True
        ).returncode
        == 0
    )
    if not has_venv:
        apt.install(["python3", "python3-venv"], log=log)
    return PYTHON


def is_current(settings: Settings) -> bool:
    """Say whether the venv holds exactly what the list of its release names."""
    stamp = settings.venv / "novaweb-lab-installed"
    return stamp.exists() and stamp.read_text() == _wanted(settings)


def _wanted(settings: Settings) -> str:
    return hashlib.sha256(settings.openstack.pins.read_bytes()).hexdigest()


def install(settings: Settings, *, log: Path) -> None:
    """Make the venv anew and install the list of its release into it."""
    base = python(log.with_name("apt-python.log"))
    pins = settings.openstack.pins
    total = len([line for line in pins.read_text().splitlines() if "==" in line])
    say(f"pip install of {total} packages into {settings.venv}")
    shutil.rmtree(settings.venv, ignore_errors=True)
    with heartbeat("pip", lambda: _how_far(log, total)):
        run([base, "-m", "venv", settings.venv])
        run(
            [
                *(settings.venv / "bin/python", "-m", "pip", "install"),
                *("--no-deps", "--no-compile", "--no-cache-dir"),
                "--disable-pip-version-check",
                *("--progress-bar", "off", "-r", pins),
            ],
            log=log,
            env=NO_CACHE,
        )
    # Beforehand and on all cores. Otherwise a dozen services that start side by
    # side each compile what they share, and nova-compute on a libvirt host, which
    # may not write here, again at each start.
    with heartbeat("compiling", lambda: "its modules"):
        run(
            [
                *(settings.venv / "bin/python", "-m", "compileall", "-q", "-j", "0"),
                *("-x", "/tests?/", _site(settings)),
            ],
            log=log.with_name("compile.log"),
        )
    (settings.venv / "novaweb-lab-installed").write_text(_wanted(settings))
    say("pip is done")


def add_libvirt(settings: Settings, *, log: Path) -> None:
    """What libvirt hosts and their guests' consoles need is in the venv."""
    stamp = settings.venv / "novaweb-lab-libvirt"
    wanted = LIBVIRT_REQUIREMENTS.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("building libvirt-python")
    interpreter = settings.venv / "bin/python"
    options = ("--disable-pip-version-check", "--progress-bar", "off", "--no-cache-dir")
    with heartbeat("pip", lambda: "building libvirt-python"):
        run(
            [
                *(interpreter, "-m", "pip", "install", "--no-deps", *options),
                *("-r", LIBVIRT_REQUIREMENTS),
            ],
            log=log,
            env=NO_CACHE,
        )
    stamp.write_text(wanted)


def _site(settings: Settings) -> Path:
    return next((settings.venv / "lib").glob("python3*/site-packages"))


def _how_far(log: Path, total: int) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    if "Installing collected packages" in text:
        return f"unpacking {total} packages"
    return f"{text.count('Collecting ')} of {total} packages fetched"


def place_own_modules(settings: Settings) -> None:
    """Put what is ours in lab/inside where Python, Nova and Neutron look for it."""
    site = _site(settings)
    _copy(INSIDE / "fake_driver.py", site / "nova/virt/novaweb_lab_fake.py")
    _copy(INSIDE / "mechanism_driver.py", site / "novaweb_lab_mechanism.py")
    _copy(INSIDE / "volume_driver.py", site / "novaweb_lab_volumes.py")
    _copy(INSIDE / "own_etc.py", site / "novaweb_lab_own_etc.py")
    (site / "novaweb_lab.pth").write_text("import novaweb_lab_own_etc\n")
    # Neutron finds a mechanism driver by the entry point of a package.
    package = site / "novaweb_lab-1.dist-info"
    package.mkdir(exist_ok=True)
    (package / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: novaweb-lab\nVersion: 1\n"
    )
    (package / "entry_points.txt").write_text(ENTRY_POINTS)
    (package / "RECORD").write_text("")


def _copy(source: Path, target: Path) -> None:
    if not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)
