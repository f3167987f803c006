"""The whole table: every decision of the pure core over small, complete domains is the one that was reviewed (T0).

A change of a decision shows as a change of a line; ``python tests/core/golden_tables.py`` writes the lines anew.
"""

import pytest
from golden_tables import FOLDER, TABLES


@pytest.mark.parametrize("name", TABLES)
def test_every_decision_is_the_reviewed_one(name):
    """R-5.1, R-5.3, 6, 9, 10.4, 11, 12: nobody changes what happens to people's records by the way."""
    reviewed = (FOLDER / f"{name}.txt").read_text().splitlines()
    decided = list(TABLES[name]())
    for line, now in zip(reviewed, decided, strict=False):
        assert now == line
    assert len(decided) == len(reviewed)
