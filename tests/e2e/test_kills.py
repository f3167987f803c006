"""``kill -9`` at any moment, hundreds of times: nothing lost, doubled, falsely deleted or resurrected (I-12, Q2).

``make kills COUNT=10000`` plays the same for longer: three quarters with state and systems in SQLite files, the rest on
a PostgreSQL server, where a run takes three times as long.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, str(Path(__file__).with_name("kills.py"))]
COUNT = int(os.environ.get("TALLY_KILLS", "130"))

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300 + 2 * COUNT)]


def kill(count: int, folder: Path, *more: str) -> None:
    """Kill so many processes and let the judge speak; the figures are part of the proof."""
    seed = os.environ.get("TALLY_SEED", "1")
    done = subprocess.run(
        [*PROGRAM, "--count", str(count), "--folder", str(folder), "--seed", seed, *more],
        capture_output=True, text=True, check=False, timeout=240 + 2 * COUNT,
    )  # fmt: skip
    print(done.stdout)  # noqa: T201 - how many were killed, and where, is part of the proof
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report["wrong"] == []
    assert report["kills"] >= count
    assert min(report["kills at a moment"], report["kills at a point"]) > count // 5


def test_killed_with_files(fast_path: Path) -> None:
    """State and systems are SQLite files."""
    kill(COUNT * 3 // 4, fast_path)


def test_killed_on_a_server(fast_path: Path, postgres_server: tuple[str, int]) -> None:
    """State and systems are on PostgreSQL; what a dead process had sent may still be carried out."""
    host, port = postgres_server
    kill(COUNT // 4, fast_path, "--postgres", f"postgresql://tally:s3cret@{host}:{port}")
