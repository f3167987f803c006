"""Run one twin in a process of its own: ``python -m tallystick.testing.twins crm``.

It prints one line of JSON when it is ready (``url``, ``token``, ``admin_token``, ``records``) and ends on SIGTERM, on
SIGINT, or when its standard input closes, so that nothing is left running when its parent dies.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence

from tallystick.testing.twins.crm import CrmTwin
from tallystick.testing.twins.erp import ErpTwin
from tallystick.testing.twins.pair import fill_crm, fill_erp, world
from tallystick.testing.twins.twin import Twin


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; give the exit code."""
    asked = _parser().parse_args(arguments)
    twin = _make(asked)
    # A signal may reach any thread and would not wake a main thread that waits for a lock; a socket wakes it always.
    bell, button = socket.socketpair()
    with bell, button:
        button.setblocking(False)
        signal.set_wakeup_fd(button.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _signal, _frame: None)
        if not asked.stay:
            threading.Thread(target=_watch_input, args=(button,), daemon=True).start()
        _serve(twin, asked, bell)
        signal.set_wakeup_fd(-1)
    return 0


def _serve(twin: Twin, asked: argparse.Namespace, bell: socket.socket) -> None:
    with twin:
        if asked.records and not any(twin.rows(name) for name in twin.tables):
            made = world(asked.seed, asked.records)
            fill_crm(twin, made) if asked.system == "crm" else fill_erp(twin, made)
        counts = {name: len(twin.rows(name)) for name in twin.tables}
        ready = {"url": twin.url, "token": twin.token, "admin_token": twin.admin_token, "records": counts}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        bell.recv(1)


def _watch_input(button: socket.socket) -> None:
    # Not sys.stdin: a thread that waits inside its lock would trip the interpreter's shutdown.
    while os.read(0, 4096):
        pass
    with contextlib.suppress(OSError):
        button.send(b"!")


def _make(asked: argparse.Namespace) -> Twin:
    settings = {"port": asked.port, "database": asked.db, "token": asked.token, "admin_token": asked.admin_token}
    if asked.system == "crm":
        return CrmTwin(require_if_match=asked.require_if_match, **settings)
    return ErpTwin(rate_limit=asked.rate_limit or None, burst=asked.burst, **settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tallystick.testing.twins", description=__doc__)
    parser.add_argument("system", choices=("crm", "erp"))
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--db", default=":memory:", help="SQLite file; what is in it stays")
    parser.add_argument("--seed", type=int, default=1, help="both systems with the same seed fit together")
    parser.add_argument("--records", type=int, default=2000, help="fill an empty system; 0 leaves it empty")
    parser.add_argument("--token", default="", help="made up if absent")
    parser.add_argument("--admin-token", default="", help="for /_faults and /_log; made up if absent")
    parser.add_argument("--require-if-match", action="store_true", help="crm: refuse writes without If-Match (428)")
    parser.add_argument("--rate-limit", type=float, default=300, help="erp: requests a second; 0 for no limit")
    parser.add_argument("--burst", type=int, default=300, help="erp: requests at once")
    parser.add_argument("--stay", action="store_true", help="do not end when standard input closes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
