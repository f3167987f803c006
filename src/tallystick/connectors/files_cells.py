"""The cells of a file: text, and numbers in the spelling of the country the file comes from.

A column that the manifest declares as integer or number is read and written as one, without a float in between.
All others are text. An empty cell is blank.
"""

import re
from decimal import Decimal
from typing import Any, Final

from tallystick.connectors.files_text import Spelling
from tallystick.core.error import Refused
from tallystick.core.record import Raw
from tallystick.project.manifest import FieldSpec
from tallystick.project.manifest_files import FileSpec

_SPACES: Final = " \u00a0\u202f"


class Cells:
    """Reads and writes the cells of one object's files."""

    def __init__(self, spec: FileSpec, fields: dict[str, FieldSpec], place: str) -> None:
        self._decimal = spec.decimal
        self._place = place
        self._fields = fields
        self._numbers = {path for path, field in fields.items() if field.type in {"integer", "number"}}
        group = re.escape(spec.thousands) if spec.thousands != " " else f"[{_SPACES}]"
        whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d+" if spec.thousands else r"\d+"
        point = re.escape(spec.decimal)
        self._number = re.compile(rf"([-+]?)((?:{whole})?)(?:{point}(\d*))?([eE][-+]?\d{{1,4}})?(-?)", re.ASCII)

    def is_number(self, name: str) -> bool:
        """Whether a column holds numbers."""
        return name in self._numbers

    def read(self, name: str, text: str) -> Any:
        """Give the value of a cell. Raises ``ValueError`` saying why it is none."""
        if not text:
            return None
        if name not in self._numbers:
            return text
        text = text.strip(_SPACES)
        return self._read_number(text, integer=self._fields[name].type == "integer") if text else None

    def _read_number(self, text: str, *, integer: bool) -> int | Decimal:
        found = self._number.fullmatch(text)
        if not found or not (found[2] or found[3]) or (found[1] and found[5]):
            kind = "an integer" if integer else "a number"
            raise ValueError(f"is not {kind} with '{self._decimal}' before its fraction")
        digits = re.sub(r"\D", "", found[2])
        sign = "-" if "-" in {found[1], found[5]} else ""
        number = Decimal(f"{sign}{digits or '0'}.{found[3] or '0'}{found[4] or ''}")
        if len(digits) > 1 and digits.startswith("0"):
            raise ValueError("begins with a zero that a number would lose: declare the column as text")
        if not integer:
            return Decimal(f"{sign}{digits or '0'}{f'.{found[3]}' if found[3] else ''}{found[4] or ''}")
        if number != number.to_integral_value() or number.adjusted() > 1000:  # noqa: PLR2004 - no number of a business
            raise ValueError("has a fraction, and the column is declared as integer")
        return int(number)

    def write(self, name: str, value: Any, spelling: Spelling) -> str:
        """Spell a value as a cell. Raises ``Refused`` for what a cell cannot hold."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, Decimal):
            return format(value, "f").replace(".", self._decimal)
        if not isinstance(value, str):
            raise self._refuse(name, "a cell cannot hold a list or an object")
        if name in self._numbers and value:
            raise self._refuse(name, "the column holds numbers")
        if lacking := spelling.lacks(value):
            raise self._refuse(name, f"the file's encoding ({spelling.codec}) has no '{lacking}'")
        return value

    def refuse_unknown(self, body: Raw, names: list[str]) -> None:
        """Raise ``Refused`` where a value is given for a column that the file does not have."""
        for name in body:
            if name not in names:
                listed = ", ".join(each for each in names if each)
                raise Refused(
                    f"the file has no column '{name}'", hint=f"it has: {listed}", field=name, place=self._place
                )

    def _refuse(self, name: str, why: str) -> Refused:
        return Refused(f"'{name}' cannot be written", detail=why, field=name, place=self._place)
