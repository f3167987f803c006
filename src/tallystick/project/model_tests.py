"""The models of ``tests/*.yaml``: what people expect of their mappings."""

from typing import Any, Literal

from pydantic import Field as Setting

from tallystick.project.model_base import Model


class CaseSpec(Model):
    """One record and what becomes of it on the other side."""

    side: Literal["left", "right"] = "left"
    """The side that the record comes from."""
    record: dict[str, Any]
    """The record as its system gives it. What is not there is blank."""
    gives: dict[str, Any] = Setting(default_factory=dict)
    """What the new record on the other side has; further fields of it are not looked at."""
    refuses: tuple[str, ...] = ()
    """The fields of the mapping that cannot be written."""
    back: bool = False
    """Whether every field that flows both ways comes back as it went."""


class UserTests(Model):
    """Tests of one mapping: ``tests/NAME.yaml``."""

    mapping: str
    """The mapping, by the name of its file."""
    cases: dict[str, CaseSpec]
