"""What python-openstackclient asks of a plugin (its entry ``openstack.cli.extension``).

The names are its own: openstackclient/common/clientmanager.py and shell.py, 10.5.0.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from novaweb_client.api import Api
from novaweb_client.settings import settings

if TYPE_CHECKING:
    from osc_lib.clientmanager import ClientManager

API_NAME = "move"
API_VERSION_OPTION = "os_move_api_version"
API_VERSIONS = ("1",)
DEFAULT_API_VERSION = "1"


def make_client(instance: ClientManager) -> Api:
    """Return the API as ``client_manager.move``. Raises CommandError."""
    address, token = settings(instance.get_configuration(), os.environ)
    # None, as nobody has said it, would leave it to a variable of requests' own
    verify = True if instance.verify is None else instance.verify
    return Api(address, token=token, verify=verify)


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Return the parser with the options that every command takes."""
    parser.add_argument(
        "--os-move-api-version",
        metavar="<version>",
        default=DEFAULT_API_VERSION,
        help="Version of novaweb's API, default=1",
    )
    parser.add_argument(
        "--novaweb-url",
        metavar="<url>",
        help="novaweb's address (Env: NOVAWEB_URL)",
    )
    parser.add_argument(
        "--novaweb-token-file",
        metavar="<file>",
        help="File with your token of novaweb (Env: NOVAWEB_TOKEN_FILE, or the token"
        " itself in NOVAWEB_TOKEN)",
    )
    # argparse would take it for the beginning of the one above
    parser.add_argument("--novaweb-token", type=_refused, help=argparse.SUPPRESS)
    return parser


def _refused(text: str) -> str:
    raise argparse.ArgumentTypeError(
        "every user of this machine sees a token that stands here: revoke it, and put"
        " the next one into a file (--novaweb-token-file) or NOVAWEB_TOKEN"
    )
