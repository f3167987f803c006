"""Starting other people's servers for a test: a free port, a process, a wait that looks instead of sleeping blindly."""

import contextlib
import fcntl
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def require(module: str, package: str) -> None:
    """Skip unless ``module`` is installed; fail instead where nothing may skip. Never imports it."""
    if importlib.util.find_spec(module) is not None:
        return
    message = f"{module} is not installed: pip install {package}"
    if os.environ.get("TALLY_REQUIRE_ALL") == "1":
        pytest.fail(message)
    pytest.skip(message)


def program(name: str) -> list[str]:
    """Give the command line of a program that a package brought into this environment."""
    return [sys.executable, str(Path(sys.executable).parent / name)]


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready: Callable[[], bool], what: str, *, seconds: float = 60, pause: float = 0.05) -> None:
    """Poll until ``ready()``; fail naming ``what`` when it does not come."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(command: Sequence[str], said: str = "", **options: object) -> str:
    """Run a command to its end, answer its questions with what is ``said``, and give its output.

    A failure shows all it said.
    """
    done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def served(command: Sequence[str], port: int, log: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server while the block runs; it listens on ``port`` when the block starts and is gone after it."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)
        try:
            wait_until(lambda: process.poll() is not None or is_listening(port), f"{command[0]} on port {port}")
            assert process.poll() is None, f"{' '.join(map(str, command))} ended:\n{log.read_text(errors='replace')}"
            yield process
        finally:
            process.terminate()
            try:
                # What it serves is a copy that nobody needs any more.
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """Give a folder that ``build`` filled, built once for all workers of a test run."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").exists():
            folder.mkdir()
            build(folder)
            (folder / "built").touch()
    return folder
