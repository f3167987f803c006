"""One value whose parts stand at several paths: first name and last name, street and number, amount and currency.

Read, it is an object of the parts that have something; written, each part goes to its path. Codecs behind it bring
the object to the form that the other side's codecs make of their one text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tallystick.core.codecs.spelling import describe
from tallystick.core.error import InvalidValue
from tallystick.core.path import Path, read, render
from tallystick.core.record import UNKNOWN


@dataclass(frozen=True, slots=True)
class Gathered:
    """Reads the parts of a record into one object. Implements ``core.mapping.Expression`` over the raw record."""

    parts: tuple[tuple[str, Path], ...]

    @property
    def source(self) -> str:
        """The parts with their paths, as the mapping has them."""
        return ", ".join(f"{part}: {render(path)}" for part, path in self.parts)

    @property
    def python(self) -> str:
        """The same as Python over ``record``."""
        return f"{{{', '.join(f'{part!r}: read(record, {path!r})' for part, path in self.parts)}}}"

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Give the object; unknown where one path is not there (R-4.6), blank where all parts are."""
        found = {part: read(names, path) for part, path in self.parts}
        if any(value is UNKNOWN for value in found.values()):
            return UNKNOWN
        return {part: value for part, value in found.items() if value is not None and value != ""} or None


@dataclass(frozen=True, slots=True)
class Taken:
    """Takes one part out of the object. Implements ``core.mapping.Expression`` over ``value``."""

    part: str
    known: frozenset[str]

    @property
    def source(self) -> str:
        """The part's name with those that have a path."""
        return f"{self.part} of {', '.join(sorted(self.known))}"

    @property
    def python(self) -> str:
        """The same as Python over ``value``."""
        return f"value.get({self.part!r})"

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Give the part, or blank. Raises ``InvalidValue`` where the value has a part that has no path."""
        value = names["value"]
        if not isinstance(value, dict):
            hint = "the other side needs a codec that makes parts, such as full_name or street"
            raise InvalidValue(
                "a value that is spread over several paths is an object", detail=f"{describe(value)} came", hint=hint
            )
        strange = next(
            (key for key, inner in value.items() if key not in self.known and not (inner is None or inner == "")), None
        )
        if strange is not None:
            listed = ", ".join(sorted(self.known))
            hint = f"add it to spread, or leave it out: codec: {{codec: parts, only: [{listed}]}}"
            raise InvalidValue(f"the part '{str(strange)[:40]}' has no path here", hint=hint)
        return value.get(self.part)
