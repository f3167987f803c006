"""What the values of a column show: its type, and whether it can be the id of a row."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Any, Final, Literal, NamedTuple

from tallystick.connectors.describe.column_roles import looks_like
from tallystick.connectors.describe.file_text import Found
from tallystick.connectors.files_cells import Cells
from tallystick.core.path import render
from tallystick.core.record import Raw
from tallystick.core.schema import Type
from tallystick.project.manifest import FieldSpec
from tallystick.project.manifest_files import FileSpec

ROWS_LOOKED_AT: Final = 20_000
_PAIRED: Final = 8
_IDS: Final = frozenset({
    "id", "no", "nr", "number", "nummer", "num", "key", "code", "uuid", "guid", "sku", "ean", "gtin", "isbn", "pk",
    "kz", "kennung", "schluessel", "schlüssel", "ref", "reference",
})  # fmt: skip
# Digits that are no quantity: as numbers they would lose what makes them what they are.
_CODES: Final = _IDS | {
    "zip", "zipcode", "plz", "postcode", "postal", "postalcode", "phone", "tel", "telephone", "telefon", "mobile",
    "mobil", "fax", "iban", "bic", "blz", "account", "konto", "vat", "ustid", "tax", "steuernummer", "year", "jahr",
}  # fmt: skip
_CODE_ENDINGS: Final = ("nr", "nummer", "number", "code", "key", "_no", "id")
_DATES: Final = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), "yyyy-MM-dd"),
    (re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"), "iso"),
    (re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})"), "instant"),
    (re.compile(r"\d{2}\.\d{2}\.\d{4}"), "dd.MM.yyyy"),
    (re.compile(r"\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}"), "dd.MM.yyyy HH:mm"),
    (re.compile(r"\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}:\d{2}"), "dd.MM.yyyy HH:mm:ss"),
    (re.compile(r"\d{8}"), "yyyyMMdd"),
)
_WHOLE: Final = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_SLASHED: Final = re.compile(r"(\d{2})/(\d{2})/\d{4}")


class Columns(NamedTuple):
    """The fields of an object, and what is known of its id (empty where nothing tells rows apart)."""

    fields: dict[str, FieldSpec]
    id: Found


def describe_columns(records: Sequence[Raw], file: FileSpec) -> Columns:
    """Describe the columns of these records."""
    values: dict[str, list[Any]] = {}
    for record in records:
        for path, value in _leaves(record, ()):
            values.setdefault(path, []).append(value)
    cells = Cells(file, {"number": FieldSpec(type="number")}, "")
    fields = {path: _field(path, found, cells) for path, found in values.items()}
    return Columns(fields, _guess_id(values, len(records)))


def _leaves(record: Raw, above: tuple[str | int, ...]) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        path = (*above, name)
        if isinstance(value, dict) and value:
            yield from _leaves(value, path)
        else:
            yield render(path), value


def _field(path: str, found: Sequence[Any], cells: Cells) -> FieldSpec:
    values = [value for value in found if value is not None and value != ""]
    kinds = {type(value) for value in values}
    if not values:
        return FieldSpec(type="text")
    if kinds == {str}:
        return _text_field(path, values, cells)
    kind: Type = "any"
    if kinds == {bool}:
        kind = "boolean"
    elif kinds == {int}:
        kind = "integer"
    elif kinds <= {int, Decimal}:
        kind = "number"
    elif kinds == {list}:
        kind = "list"
    elif kinds == {dict}:
        kind = "object"
    return FieldSpec(type=kind)


def _text_field(path: str, values: Sequence[str], cells: Cells) -> FieldSpec:
    is_code = looks_like(path, _CODES) or path.lower().endswith(_CODE_ENDINGS)
    if not is_code and all(_WHOLE.fullmatch(value) for value in values):
        if not all(_is_day(value) for value in values):
            return FieldSpec(type="integer")
    elif not is_code and all(_is_number(value, cells) for value in values):
        return FieldSpec(type="number")
    for pattern, spelled in _DATES:
        if all(pattern.fullmatch(value) for value in values):
            kinds: dict[str, Type] = {"yyyy-MM-dd": "date", "iso": "local_time", "instant": "instant"}
            if spelled in kinds:
                return FieldSpec(type=kinds[spelled])
            return FieldSpec(type="text", format=spelled)
    if slashed := _slashed(values):
        return FieldSpec(type="text", format=slashed)
    return FieldSpec(type="text")


def _is_number(value: str, cells: Cells) -> bool:
    try:
        cells.read("number", value)
    except ValueError:
        return False
    return True


def _is_day(value: str) -> bool:
    return bool(re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", value))


def _slashed(values: Sequence[str]) -> Literal["", "dd/MM/yyyy", "MM/dd/yyyy"]:
    """Day first or month first is only told by a value above twelve."""
    found = [_SLASHED.fullmatch(value) for value in values]
    if not all(found):
        return ""
    months = 12
    if any(each and int(each[1]) > months for each in found):
        return "dd/MM/yyyy"
    return "MM/dd/yyyy" if any(each and int(each[2]) > months for each in found) else ""


def _guess_id(values: dict[str, list[Any]], count: int) -> Found:
    """Choose the column that is never blank and never repeats, by its name and then its place; else two of them."""
    plain = {
        path: [str(value) for value in found if isinstance(value, str | int) and value != ""]
        for path, found in values.items()
    }
    filled = [path for path, found in plain.items() if len(found) == count]
    distinct = [path for path in filled if len(set(plain[path])) == count]
    if count and distinct:
        named = [path for path in distinct if looks_like(path, _IDS) or path.lower().endswith(_CODE_ENDINGS)]
        best = (named or distinct)[0]
        why = "its name and " if named else ""
        return Found(best, f"{why}{count} distinct values in {count} rows, none blank")
    for pair in combinations(filled[:_PAIRED], 2):
        if len(set(zip(*(plain[path] for path in pair), strict=True))) == count:
            return Found(",".join(pair), f"no column alone tells the rows apart; these two do in all {count}")
    return Found("", "")
