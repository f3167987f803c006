"""The whole table: every decision of the pure core over small, complete domains is the one that is written down (T0).

The lines were written by the code, not by a person: they prove that no decision changes unnoticed, not that it is
right. Most cells of fields are written a second time, from the specification, in ``test_field_table``. A changed
decision shows as a changed line; ``python tests/core/golden_tables.py`` writes them anew, and the difference is for a
person to read.
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
