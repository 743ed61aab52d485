"""Serves one OpenStack API: serve.py MODULE:NAME ADDRESS PORT [ARGUMENT...]

NAME is the application, NAME() a function that returns it. The arguments are what the
service itself finds on its command line.
"""

from __future__ import annotations

import importlib
import sys

import setproctitle
import waitress


def main() -> None:
    where, address, port, *arguments = sys.argv[1:]
    module, _, name = where.partition(":")
    sys.argv = [module, *arguments]
    setproctitle.setproctitle(f"{module.partition('.')[0]}-api {address}:{port}")
    found = getattr(importlib.import_module(module), name.removesuffix("()"))
    application = found() if name.endswith("()") else found
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
