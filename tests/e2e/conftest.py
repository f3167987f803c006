"""A synced world of two twins, made once and copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.twins_project import TOKENS, TwinsWorld, build, opened

# Thousands of tiny transactions: where there is a file system in memory, they need not wait for a disk.
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None


@pytest.fixture(scope="session")
def in_step(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the world that every test starts from."""
    return build(tmp_path_factory.mktemp("twins"))


@pytest.fixture
def twins(in_step: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwinsWorld]:
    """Give both twins in step with each other, and the project between them."""
    for name, value in TOKENS.items():
        monkeypatch.setenv(name, value)
    with opened(in_step, tmp_path) as world:
        yield world
