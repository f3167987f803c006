"""Edits that no engine can tell from what a system makes of a write (R-7.3)."""

from decimal import Decimal
from typing import Any, Final

from tests.simulation.truth import ENGINE, USER, Life

from tallystick.core.learn import shape_of_loss

_READ_BACK: Final = 120.0  # seconds in which a write is read back, with the rest of its batch
STORY: Final = "a blank or an old value entered between a write and its reading back"


def slipped_in(can: Any, life: Life, name: str) -> bool:
    """Whether a system without versions in its answers may have hidden an edit of the field right after our write.

    It cannot be told from a system that drops a value, keeps its old one or fills in a blank. Where the answer was
    lost, no system can tell a number that a person rounded from one that it rounded itself.
    """
    for wrote, edit in zip(life.states, life.states[1:], strict=False):
        if wrote.by != ENGINE or edit.by != USER:
            continue
        before = [s.fields.get(name) for s in life.states if s.at < wrote.at]
        was, now = wrote.fields.get(name), edit.fields.get(name)
        if isinstance(now, Decimal) and was != now and shape_of_loss(was, now) is not None:
            return True
        if can.returns_record:
            continue
        if edit.at - wrote.at <= _READ_BACK and was != now and (was is None or now in (None, *before)):
            return True
        # Nor can another spelling of the value, for as long as nothing else made us read it back.
        if was != now and shape_of_loss(was, now) == "case folded":
            return True
    return False
