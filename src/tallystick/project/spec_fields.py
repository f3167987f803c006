"""Fields that a description says otherwise than before, with a verdict by what a project does with them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tallystick.core.drift import FieldDrift, find_drift
from tallystick.project.manifest import Fact, FieldSpec, ObjectSpec
from tallystick.project.schema import object_type
from tallystick.project.spec_change import Change, SpecChange, Verdict, said
from tallystick.project.spec_usage import Usage

_ATTRIBUTE: Final = {
    "retyped": "type", "shorter": "max_length", "longer": "max_length", "fewer_options": "options",
    "more_options": "options", "required": "required", "read_only": "read_only",
}  # fmt: skip
_CHANGE: Final[Mapping[str, Change]] = {"new": "added", "gone": "removed"}
# What the comparison of fields does not look at, or not in this direction: (attribute, what it means where it matters).
_FURTHER: Final = (
    ("required", "not required any more"), ("read_only", "can be written now"), ("create_only", "set once"),
    ("unique", "must be unique"), ("nullable", "whether it can be blank"), ("min_length", "shortest"),
    ("minimum", "smallest"), ("maximum", "largest"), ("pattern", "pattern"), ("reference", "points to"),
)  # fmt: skip


def compare_fields(
    name: str, then: ObjectSpec, written: ObjectSpec, now: ObjectSpec, usage: Usage | None, facts: Mapping[str, Fact]
) -> Iterator[SpecChange]:
    """Compare the fields of one object: as described then, as written, as described now.

    What is written as it is described now is no change any more; what a person wrote otherwise than it was described
    is marked as corrected.
    """
    judge = _Fields(name, then, written, now, usage, facts)
    for drift in find_drift(object_type(name, then), object_type(name, now)):
        yield from judge.drift(drift)
    for path, field in now.fields.items():
        if path in then.fields and path in written.fields:
            yield from judge.further(path, then.fields[path], field)


class _Fields:
    """The fields of one object, and what a project does with them."""

    def __init__(
        self, name: str, then: ObjectSpec, written: ObjectSpec, now: ObjectSpec, usage: Usage | None,
        facts: Mapping[str, Fact],
    ) -> None:  # fmt: skip
        self.name = name
        self.then = then
        self.written = written
        self.now = now
        self.usage = usage or Usage()
        self.facts = facts

    def drift(self, drift: FieldDrift) -> Iterator[SpecChange]:
        """Judge one change that the comparison of fields found."""
        path = drift.path
        there = self.written.fields.get(path)
        if (drift.change == "new") == (there is not None) and drift.change in {"new", "gone"}:
            return  # taken over already
        if there is None and drift.change != "new":
            return  # a person took the field out
        verdict, reason = self._verdict(drift)
        attribute = _ATTRIBUTE.get(drift.change, "")
        if not attribute:
            value = _dumped(self.now.fields[path]) if drift.change == "new" else None
            yield self._change(path, "", _CHANGE[drift.change], "field", verdict, reason, drift.was, drift.now, value)
            return
        if there is not None and getattr(there, attribute) != getattr(self.now.fields[path], attribute):
            was = said(getattr(self.then.fields[path], attribute))
            now = said(getattr(self.now.fields[path], attribute))
            value = _dumped(self.now.fields[path]).get(attribute)
            what = drift.change.replace("_", " ")
            yield self._change(path, attribute, "changed", what, verdict, reason, was, now, value)

    def further(self, path: str, then: FieldSpec, now: FieldSpec) -> Iterator[SpecChange]:
        """Judge what else is said of a field."""
        there = self.written.fields[path]
        for attribute, what in _FURTHER:
            was, new = getattr(then, attribute), getattr(now, attribute)
            if was == new or getattr(there, attribute) == new:
                continue
            if attribute in {"required", "read_only"} and new:
                continue  # told by the comparison of fields
            verdict, reason = self._verdict_further(path, attribute, new)
            yield self._change(path, attribute, "changed", what, verdict, reason, said(was), said(new), None)

    def _change(
        self, path: str, attribute: str, change: Change, what: str, verdict: Verdict, reason: str, was: str, now: str,
        value: Any,
    ) -> SpecChange:  # fmt: skip
        """Make a change; one that a person corrected is told apart, and never worse than risky."""
        there = self.written.fields.get(path)
        corrected = bool(
            attribute and there is not None and getattr(there, attribute) != getattr(self.then.fields[path], attribute)
        )
        if corrected and verdict == "breaking":
            verdict, reason = "risky", f"{reason}; you corrected it, and what you wrote stays"
        at = ("objects", self.name, "fields", path, *([attribute] if attribute else []))
        fact = self.facts.get(f"objects.{self.name}.fields") or self.facts.get(f"objects.{self.name}.read_only")
        return SpecChange(
            at, change, what, verdict, reason, was, now,
            said(getattr(there, attribute)) if corrected else "", corrected,
            tuple(self.usage.readers(path)), fact.because if fact and attribute == "read_only" else "", value,
        )  # fmt: skip

    def _verdict(self, drift: FieldDrift) -> tuple[Verdict, str]:
        usage, path = self.usage, drift.path
        used, writes = bool(usage.readers(path)), bool(usage.writers(path))
        match drift.change:
            case "new":
                needed = drift.field is not None and drift.field.required and not drift.field.read_only
                stops = needed and "create" in usage.calls
                return ("breaking", "every create lacks it") if stops else ("harmless", "nothing maps it yet")
            case "gone" | "retyped":
                return ("breaking", "it is mapped") if used else ("harmless", "nothing maps it")
            case "shorter" | "fewer_options" | "read_only":
                if writes:
                    return "breaking", "it is written, and values may be refused"
                return ("risky", "it is read") if used and drift.change == "fewer_options" else _unused(used)
            case "required":
                if writes or "create" in usage.calls:
                    return "breaking", "blanks are refused now" if writes else "every create lacks it"
                return _unused(used)
            case "more_options":
                return ("risky", "a value may come that the mapping does not know") if used else _unused(used)
            case _:
                return _unused(used)

    def _verdict_further(self, path: str, attribute: str, new: Any) -> tuple[Verdict, str]:
        writes, used = bool(self.usage.writers(path)), bool(self.usage.readers(path))
        if attribute in {"required", "read_only"} or (attribute == "nullable" and new):
            return "harmless", "less is asked for than before"
        if attribute == "reference":
            return ("risky", "its values may name other records now") if used else _unused(used)
        if attribute == "create_only" and new and writes:
            return "breaking", "it is written, and changes are refused now"
        if writes and new not in (None, "", False):
            return "risky", "it is written, and values may be refused"
        return _unused(used)


def _unused(used: bool) -> tuple[Verdict, str]:  # noqa: FBT001 - a fact about one field
    return "harmless", "what is mapped goes on as before" if used else "nothing maps it"


def _dumped(field: FieldSpec) -> dict[str, Any]:
    return field.model_dump(mode="json", by_alias=True, exclude_defaults=True)
