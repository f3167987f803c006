"""When pages were lowered silently, and when a listing is merely short."""

import pytest

from tallystick.checklist.rooms.second_walk import capped_from
from tallystick.checklist.scene import Walk
from tallystick.project.manifest import ObjectSpec


@pytest.mark.parametrize(
    ("sizes", "asked"),
    [
        ([30], 0),
        ([30, 0], 0),  # an empty page only says that the one before was the last
        ([100, 100, 12, 0], 0),
        ([50, 50, 20, 0], 100),
        ([50, 50, 50], 100),
        ([80, 75, 12], 0),  # filtered pages
    ],
)
def test_only_equal_short_pages_were_lowered(sizes, asked):
    spec = ObjectSpec.model_validate(
        {
            "list": {"method": "GET", "path": "/x"},
            "paging": {"type": "offset", "offset_param": "o", "limit_param": "l", "limit": 100},
        }
    )
    assert capped_from(spec, Walk(sizes=sizes)) == asked
