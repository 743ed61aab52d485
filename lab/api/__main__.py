"""Runs one verb: `python -m lab.api FACTS VERB [ARGUMENT...]`."""

from __future__ import annotations

import sys

import keystoneauth1.exceptions
import openstack.exceptions

from lab.api import identity, ready, reset, seed, services
from lab.api.connection import Cloud
from lab.progress import LabError, complain

VERBS = {
    "hosts": ready.hosts,
    "identity": identity.ensure,
    "ready": ready.ensure,
    "reset": reset.reset,
    "seed": seed.seed,
    "services": services.report,
}


def main() -> int:
    facts, verb, *arguments = sys.argv[1:]
    try:
        VERBS[verb](Cloud(facts), *arguments)
    except LabError as error:
        complain(str(error))
        return error.exit_status
    except (
        openstack.exceptions.SDKException,
        keystoneauth1.exceptions.ClientException,
    ) as error:
        complain(f"{verb}: {type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
