import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import FAST, World


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
