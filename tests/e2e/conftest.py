"""A synced world of two twins, made once and copied for each test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.twins_project import TOKENS, TwinsWorld, build, opened

# Thousands of tiny transactions: where there is a file system in memory, they need not wait for a disk.
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None


@pytest.fixture(scope="session")
def in_step() -> Iterator[Path]:
    """Build the world that every test starts from."""
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory(dir=FAST) as folder:
        for name, value in TOKENS.items():
            patched.setenv(name, value)
        yield build(Path(folder))


@pytest.fixture
def fast_path() -> Iterator[Path]:
    """A folder for small states that are written very often."""
    with tempfile.TemporaryDirectory(dir=FAST) as folder:
        yield Path(folder)


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the project into both twins."""
    for name, value in TOKENS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def twins(in_step: Path, fast_path: Path, tokens: None) -> Iterator[TwinsWorld]:
    """Give both twins in step with each other, and the project between them."""
    with opened(in_step, fast_path) as world:
        yield world
