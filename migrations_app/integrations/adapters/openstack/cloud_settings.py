"""What clouds.yaml says of a cloud that lets others read or change what is said."""

from __future__ import annotations

import warnings
from ipaddress import ip_address
from urllib.parse import urlsplit

import openstack.config
import yaml
from openstack.config.cloud_region import CloudRegion
from openstack.exceptions import ConfigException

from migrations_app.integrations.adapters.openstack import http_errors


def unsafe(name: str) -> list[str]:
    """Return in sentences what is unsafe; nothing is asked of the cloud.

    Addresses that only its catalogue has are not looked at. Raises Refused when the
    entry cannot be read.
    """
    region, found = region_of(name), []
    if region.get_requests_verify_args()[0] is False:
        found.append(
            f"clouds.yaml has verify: false for cloud {name}: nobody checks that it is"
            " that cloud which gets the password."
        )
    addresses = {"auth_url": dict(region.config.get("auth", {})).get("auth_url")}
    addresses |= {
        key: value
        for key, value in region.config.items()
        if key.endswith("_endpoint_override")
    }
    for key, value in addresses.items():
        address = urlsplit(str(value or ""))
        if address.scheme == "http" and not _is_here(address.hostname or ""):
            found.append(
                f"{key} of cloud {name} is http://: its password and tokens go over the"
                " network as they are."
            )
    return found


def region_of(name: str) -> CloudRegion:
    """Return the entry; nothing is asked of the cloud. Raises Refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            return openstack.config.get_cloud_region(cloud=name, app_name="novaweb")
    except ConfigException as error:
        if "was not found" in str(error):
            raise http_errors.unknown(name) from error
        raise http_errors.unusable(name, error) from error
    except (*http_errors.SHAPES, yaml.YAMLError, OSError) as error:
        raise http_errors.unusable(name, error) from error


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
