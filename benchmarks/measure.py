"""Runs one contender in a process of its own and says what it cost: CPU of its whole tree, peak memory, its report."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import records

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Cost:
    """What one run cost. ``cpu`` are seconds of user and system time, ``wall`` seconds, ``peak`` MiB."""

    cpu: float
    wall: float
    peak: float
    report: dict[str, Any] = field(default_factory=dict)


def measure(script: str, arguments: Sequence[str], environment: Mapping[str, str] = MappingProxyType({})) -> Cost:
    """Run a script of this folder to its end.

    Raises:
        SystemExit: it failed; its own words are passed on.
    """
    command = [sys.executable, str(HERE / script), *arguments]
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=_environment() | dict(environment), text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{script} {' '.join(arguments)} ended with {process.returncode}")
    report = json.loads(said.splitlines()[-1])
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / 1024, report)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    # An installed program has its bytecode; to compile the sources each time is no part of any workload.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


@contextmanager
def serving(count: int) -> Iterator[str]:
    """Start the REST system with ``count`` records; give its port."""
    command = [sys.executable, str(HERE / "server.py"), str(count)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(30)


def set_version(port: str, version: int) -> None:
    """Move the REST system to a version of its data."""
    with build_opener(ProxyHandler({})).open(
        Request(f"http://127.0.0.1:{port}/version/{version}", method="POST"), timeout=120
    ) as answer:
        answer.read()


def checksum(database: Path, limit: int = -1) -> str:
    """Fingerprint what the target holds, in order of its key; what counts is values, not how they were written."""
    found = hashlib.sha256()
    with sqlite3.connect(database) as opened:
        rows = opened.execute(f"SELECT {', '.join(records.COLUMNS)} FROM partner ORDER BY 1 LIMIT ?", (limit,))
        for row in rows:
            found.update(repr(tuple(float(v) if isinstance(v, int) else v for v in row)).encode())
    opened.close()
    return found.hexdigest()[:16]
