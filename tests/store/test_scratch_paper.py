"""Scratch paper has no name while it is written on, so that a killed run leaves nothing behind."""

from pathlib import Path

from tallystick.store.scratch import Scratch


def test_scratch_paper_in_use_lies_in_no_folder(tmp_path: Path) -> None:
    """The system frees what has no name when its process dies, however it dies."""
    scratch = Scratch(tmp_path)
    rows = [(f"{n}", n, "here", b"x" * 1000, None, None, n, n, None, None) for n in range(1, 3000)]
    scratch.add_sights("left", rows)
    assert list(tmp_path.iterdir()) == []
    assert sum(len(batch) for batch in scratch.bound(1000)) == len(rows)
    scratch.close()
