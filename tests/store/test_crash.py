"""What a writer that is killed in the middle of a commit leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the writer is forked, which Windows cannot")
def test_every_committed_batch_is_whole_after_a_kill(tmp_path: Path) -> None:
    """I-12: what was committed is all there, what was not is not there at all, and the file is sound."""
    writer = Path(__file__).parent / "crash_writer.py"
    done = subprocess.run(
        [sys.executable, str(writer), str(tmp_path / "state.db"), str(KILLS)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= KILLS // 2
