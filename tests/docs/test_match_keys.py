"""The table of normalisers in the guide: every row is run, and every normaliser has one."""

import re
from pathlib import Path

from tallystick.core.key_forms import FORMS
from tallystick.core.matching import normalise

PAGE = Path(__file__).parents[2] / "docs/howto/mapping.md"
ROW = re.compile(r"^\| `(\w+)`(?: with `region: (\w+)`)? \| `([^`]+)` \| (?:`([^`]+)`|(no key)[^|]*) \|$", re.MULTILINE)


def test_every_row_of_the_table_is_so() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert {how for how, *_ in rows} == set(FORMS)
    for how, region, value, key, none in rows:
        assert normalise(value, how, region) == key, (how, value)
        assert bool(key) != bool(none)
