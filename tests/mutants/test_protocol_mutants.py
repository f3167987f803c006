"""Every rule of the sync core that can be taken out is missed: its directed test fails without it (T6, Q3)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mutants_page import PAGE, write_page
from protocol import MUTANTS

AT_LEAST = 36


@pytest.fixture(scope="module")
def bites() -> dict[str, Any]:
    """Run all mutants, each in a process of its own that is forked from one with everything imported."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("biting.py"))],
        capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("mutant", MUTANTS, ids=[m.rule for m in MUTANTS])
def test_the_rule_is_missed(bites: dict[str, Any], mutant: Any) -> None:
    """The test that is named for the rule fails when the rule is gone; that it passes with it, the suite shows."""
    assert bites[mutant.name]["failed"], bites[mutant.name]["said"] or f"{mutant.test} passes without it"


def test_there_are_enough_and_each_is_one_of_a_kind() -> None:
    """Q3: 36 rules at least."""
    assert len({m.rule for m in MUTANTS}) == len({m.name for m in MUTANTS}) == len(MUTANTS) >= AT_LEAST


def test_the_page_is_what_the_registry_says(tmp_path: Path) -> None:
    """``make docs`` wrote it."""
    write_page(tmp_path / "page.md")
    assert PAGE.read_text() == (tmp_path / "page.md").read_text(), "run make docs"
