"""Whoever pastes a page's commands sees what the page shows."""

from pathlib import Path

import pytest
from terminal import ROOT, as_shown, blocks, run_all

PAGES = {"README.md": 280, "docs/tutorial/first-sync.md": 280, "docs/howto/going-back.md": 280}


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_do_what_it_shows(page: str, tmp_path: Path) -> None:
    """Every block ends well, and prints what stands behind it."""
    found = blocks((ROOT / page).read_text(encoding="utf-8"))
    assert sum(block.shown is not None for block in found) > 5, "the page lost its blocks"

    ran = run_all(found, tmp_path, PAGES[page])

    for block, did in zip(found, ran, strict=False):
        assert did.code == 0, f"{block.commands}\n{did.out}\n{did.complaints}"
        assert block.shown is None or as_shown(block.shown, did.out), f"{block.commands}\n{did.out}"
    assert len(ran) == len(found)


@pytest.mark.parametrize(
    ("shown", "out", "fits"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\n...\nz", "a\nb\nc\nz\n", True),
        ("a\n...\nz", "a\nz\n", True),
        ("took ... seconds", "took 3 seconds\n", True),
        ("a", "a\nb\n", False),
        ("a\n...\nz", "a\nb\n", False),
        ("1 created", "2 created\n", False),
    ],
)
def test_comparing_bites(shown, out, fits) -> None:
    """Dots stand for something, everything else for itself."""
    assert as_shown(shown, out) is fits
