"""Serve localstripe on loopback, in memory: ``python stripe_serving.py PORT``. Runs in a process of its own."""

import sys

from aiohttp import web
from localstripe import server

if __name__ == "__main__":
    # It keeps a pickle in the machine's temporary folder otherwise, which the next test would find.
    server.store.dump_to_disk = lambda: None
    web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
