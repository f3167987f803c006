import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import FAST, World  # noqa: E402 - the folder must be importable first


@pytest.fixture
def fast_path():
    """A folder for small states that are written very often."""
    with tempfile.TemporaryDirectory(dir=FAST) as folder:
        yield Path(folder)


@pytest.fixture
def world(fast_path):
    made = World.build(fast_path / "project")
    yield made
    made.close()
