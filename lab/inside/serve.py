"""Serves one OpenStack API: serve.py MODULE ADDRESS PORT [ARGUMENT...]

The arguments are what the service itself finds on its command line.
"""

from __future__ import annotations

import importlib
import sys

import setproctitle
import waitress


def main() -> None:
    module, address, port, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    setproctitle.setproctitle(f"{module.partition('.')[0]}-api {address}:{port}")
    application = importlib.import_module(module).application
    waitress.serve(
        application,
        host=address,
        port=int(port),
        threads=8,
        # each of Nova's services keeps some connections open
        connection_limit=2000,
        asyncore_use_poll=True,
        ident=None,
        _quiet=True,
    )


if __name__ == "__main__":
    main()
