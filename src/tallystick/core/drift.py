"""Fields that are not what they were: what was written down against what a system shows now (R-15.1).

What is written down may be narrower than what a system tells, because people know more; so only what the system
positively tells counts as changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tallystick.core.schema import Field, ObjectType

Change = Literal[
    "new", "gone", "retyped", "shorter", "longer", "fewer_options", "more_options", "required", "read_only",
    "renamed",
]  # fmt: skip
_BREAKING: Final[frozenset[Change]] = frozenset({
    "gone", "retyped", "shorter", "fewer_options", "required", "read_only", "renamed"
})  # fmt: skip
_NARROW: Final = frozenset({"number", "integer"})


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One field that changed, from ``was`` to ``now`` in words; ``field`` is what a new one looks like."""

    path: str
    change: Change
    was: str = ""
    now: str = ""
    field: Field | None = None

    @property
    def is_required(self) -> bool:
        """Whether it is a new field without which nothing can be created."""
        return self.change == "new" and self.field is not None and self.field.required and not self.field.read_only

    @property
    def is_narrowing(self) -> bool:
        """Whether values that passed before may not pass any more, where the field is mapped."""
        return self.change in _BREAKING


def find_drift(written: ObjectType, now: ObjectType) -> Iterator[FieldDrift]:
    """Compare what is written down with all fields that a system shows now."""
    for path, field in now.by_path.items():
        if path not in written.by_path:
            yield FieldDrift(path, "new", now=_told(field), field=field)
        else:
            yield from _changes(written.by_path[path], field)
    for path, field in written.by_path.items():
        if path not in now.by_path:
            yield FieldDrift(path, "gone", was=_told(field))


def _changes(was: Field, now: Field) -> Iterator[FieldDrift]:
    if "any" not in {was.type, now.type} and was.type != now.type and {was.type, now.type} != _NARROW:
        yield FieldDrift(was.path, "retyped", was.type, now.type)
    if now.max_length is not None and was.max_length != now.max_length:
        is_shorter = was.max_length is None or now.max_length < was.max_length
        before = "" if was.max_length is None else str(was.max_length)
        yield FieldDrift(was.path, "shorter" if is_shorter else "longer", before, str(now.max_length))
    had, has = ([option.key for option in each.options] for each in (was, now))
    if had and has:
        lost, added = [key for key in had if key not in has], [key for key in has if key not in had]
        if lost:
            yield FieldDrift(was.path, "fewer_options", ", ".join(lost))
        if added:
            yield FieldDrift(was.path, "more_options", "", ", ".join(added))
    if now.required and not was.required and not was.read_only:
        yield FieldDrift(was.path, "required")
    if now.read_only and not was.read_only:
        yield FieldDrift(was.path, "read_only")


def _told(field: Field) -> str:
    length = f" of at most {field.max_length} characters" if field.max_length else ""
    return f"{field.type}{length}{', required' if field.required and not field.read_only else ''}"
