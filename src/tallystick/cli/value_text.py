"""Canonical values as people read them in a line of text."""

from tallystick.cli.output import brief
from tallystick.core.plan import shown
from tallystick.core.record import Value


def brief_value(value: Value) -> str:
    """Write a value on one line, cut where it is long; only what is a text stands in quotes."""
    plain = shown(value)
    text = brief(plain)
    return text if isinstance(value, str) or not isinstance(plain, str) else text[1:-1]
