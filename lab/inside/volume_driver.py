"""A Cinder driver whose volumes are loop devices: every host of the machine has them.

Nova attaches them as it attaches any block device (driver_volume_type "local",
nova/virt/libvirt/volume/volume.py). A volume's device has a name that stays when the
machine or the lab starts again and the kernel gives it another number.

Copied to novaweb_lab_volumes.py in the lab's venv.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from cinder import interface
from cinder.volume import configuration, driver
from oslo_config import cfg

OPTIONS = [cfg.StrOpt("novaweb_lab_folder", help="where the volumes' files are")]
cfg.CONF.register_opts(OPTIONS, group=configuration.SHARED_CONF_GROUP)


@interface.volumedriver
class LoopDriver(driver.VolumeDriver):  # type: ignore[misc]
    """Volumes are sparse files, each one a loop device."""

    VERSION = "1"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTIONS)

    def do_setup(self, context: Any) -> None:
        self.folder: Path = Path(self.configuration.novaweb_lab_folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def check_for_setup_error(self) -> None:
        """There is nothing that could be wrong."""

    def _update_volume_stats(self) -> None:
        self._stats = {
            "volume_backend_name": self.configuration.volume_backend_name,
            "vendor_name": "novaweb",
            "driver_version": self.VERSION,
            "storage_protocol": "local",
            "total_capacity_gb": 1000,
            "free_capacity_gb": 1000,
            "reserved_percentage": 0,
        }

    def create_volume(self, volume: Any) -> None:
        with self._file(volume).open("xb") as file:
            file.truncate(volume.size * 2**30)
        self._attach(volume)

    def delete_volume(self, volume: Any) -> None:
        device = self._device(volume)
        if device.is_symlink():
            run("losetup", "--detach", str(device.resolve()))
            device.unlink()
        self._file(volume).unlink(missing_ok=True)

    def clone_image(
        self,
        context: Any,
        volume: Any,
        image_location: Any,
        image_meta: Any,
        image_service: Any,
    ) -> tuple[dict[str, Any], bool]:
        # Cinder's own copy of an image wants its rootwrap, which has no files here.
        self.create_volume(volume)
        with tempfile.NamedTemporaryFile(dir=self.folder) as image:
            image_service.download(context, image_meta["id"], image)
            image.flush()
            formats = ("-f", image_meta["disk_format"], "-O", "raw")
            device = str(self._device(volume))
            run("qemu-img", "convert", "-n", *formats, image.name, device)
        return {}, True

    def ensure_export(self, context: Any, volume: Any) -> None:
        self._attach(volume)

    def create_export(self, context: Any, volume: Any, connector: Any) -> None:
        self._attach(volume)

    def remove_export(self, context: Any, volume: Any) -> None:
        """The device stays as long as the volume."""

    def initialize_connection(self, volume: Any, connector: Any) -> dict[str, Any]:
        data = {"device_path": str(self._device(volume)), "access_mode": "rw"}
        return {"driver_volume_type": "local", "data": data}

    def terminate_connection(self, volume: Any, connector: Any, **_: Any) -> None:
        """Nothing was made that could be undone."""

    def _file(self, volume: Any) -> Path:
        return Path(self.folder, f"{volume.id}.raw")

    def _device(self, volume: Any) -> Path:
        return Path(self.folder, volume.id)

    def _attach(self, volume: Any) -> None:
        file, device = self._file(volume), self._device(volume)
        found = run("losetup", "--associated", str(file), "--noheadings", "-O", "NAME")
        number = found or run("losetup", "--find", "--show", str(file))
        if not device.is_symlink() or str(device.readlink()) != number:
            device.unlink(missing_ok=True)
            device.symlink_to(number)


def run(*argv: str) -> str:
    return subprocess.run(
        argv, check=True, capture_output=True, text=True
    ).stdout.strip()
