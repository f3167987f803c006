import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import World  # noqa: E402 - the folder must be importable first


@pytest.fixture
def world(tmp_path):
    made = World.build(tmp_path / "project")
    yield made
    made.close()
