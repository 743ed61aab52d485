"""An ML2 mechanism driver that binds any port on any host, as a tap device.

Neutron's own drivers need live agents on the hosts, and its test driver binds
only on hosts of fixed names. libvirt accepts a tap that is bridged nowhere:
guests have a network card, and no network.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api

# Nova 29 makes the tap itself and does not tell libvirt, which then says that it exists
# already (managed = "no" of nova 31.3.1, nova/virt/libvirt/vif.py). To a bridge, which
# os-vif makes on the host and which leads nowhere, libvirt adds its own.
TAPS_SINCE = 26  # 2025.1
VIF_TYPE = (
    portbindings.VIF_TYPE_TAP
    if int(version("neutron").partition(".")[0]) >= TAPS_SINCE
    else portbindings.VIF_TYPE_BRIDGE
)


class AnyHostMechanismDriver(api.MechanismDriver):  # type: ignore[misc]
    """Binds at once and for good."""

    def initialize(self) -> None:
        """There is nothing to prepare."""

    @property
    def connectivity(self) -> Any:
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context: Any) -> None:
        segment = context.segments_to_bind[0]
        context.set_binding(
            segment[api.ID],
            VIF_TYPE,
            {
                portbindings.CAP_PORT_FILTER: False,
                portbindings.VIF_DETAILS_CONNECTIVITY: portbindings.CONNECTIVITY_L2,
            },
            status=constants.PORT_STATUS_ACTIVE,
        )
