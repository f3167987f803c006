"""From a folder of exports to a manifest: one object for each file, or for each row of files with a date in the name.

Everything here is inferred from samples, and every inference says from what.
"""

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import PurePath
from typing import Final, NamedTuple

from tallystick.connectors.describe.file_columns import ROWS_LOOKED_AT, Columns, describe_columns
from tallystick.connectors.describe.file_layout import Guessed, guess_files
from tallystick.connectors.files_arrival import is_proven, order_of
from tallystick.connectors.files_format import open_format
from tallystick.connectors.files_place import Place, Seen
from tallystick.core.error import Error, ProjectError
from tallystick.core.record import Raw
from tallystick.project.manifest import Fact, Manifest, ObjectSpec
from tallystick.project.manifest_files import FileSpec

_DATE: Final = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-_.]?\d\d[-_.]?\d\d|\d\d[-_.]\d\d[-_.](?:19|20)\d\d)(?:[-_T.]?\d{4,6})?(?!\d)"
)
_NUMBER: Final = re.compile(r"(?<=[-_.])\d+(?=\.[A-Za-z]+$)")
_MARKERS: Final = (".done", ".ok", ".ready", ".fin", ".finished", ".complete", ".trg", ".sem", ".eot")
_MOST_FILES: Final = 200


class _Row(NamedTuple):
    """Files that follow each other under one pattern; ``newest`` is looked at."""

    pattern: str
    newest: Seen
    total: int
    marker: str


def describe_files(name: str, url: str, place: Place, only: str = "", *, on: str = "") -> Manifest:
    """Describe the files at a place as a manifest. ``url`` is how the manifest refers to the place.

    ``only`` is the name of one file that is wanted; ``on`` is the date that the facts carry.

    Raises:
        ProjectError: there is no such file, or none that can be described.
        AccessError, Unavailable: the place cannot be looked at.
    """
    seen = [each for each in place.look("") if not only or each.name == only or each.name.startswith(only)]
    rows = _group(seen)
    if only:
        rows = [row for row in rows if row.newest.name == only]
    notes: list[str] = []
    objects: dict[str, ObjectSpec] = {}
    facts: dict[str, Fact] = {}
    for row in rows[:_MOST_FILES]:
        try:
            guesses = guess_files(place, row.newest)
        except Error as error:
            notes.append(f"The file '{row.newest.name}' was left out: {error.message}.")
            continue
        if not guesses and only:
            raise ProjectError(f"'{only}' is no file of records", hint=_KNOWN, place=name)
        for guess in guesses:
            _describe_one(place, row, guess, objects, facts, notes, on)
    weak = [spec.file.name for spec in objects.values() if spec.file and not is_proven(spec.file)]
    if weak:
        notes.append(_weakness(", ".join(dict.fromkeys(weak)), came_by_mail=all(each.is_settled for each in seen)))
    if not objects and not notes:
        raise ProjectError(f"there is no file of records in {place.title}", hint=_KNOWN, place=name)
    return Manifest(protocol="files", title=name, url=url, objects=objects, facts=facts, notes=tuple(notes))


def _weakness(names: str, *, came_by_mail: bool) -> str:
    if came_by_mail:
        return (
            f"Nothing proves that these files were whole when they were mailed: {names}. Ask the sender for a closing "
            "line, and say so under 'complete'."
        )
    return (
        f"Nothing but patience proves that these files are whole: {names}. Ask the sender for a marker, for "
        "a closing line, or to rename the finished file, and say so under 'complete'."
    )


_KNOWN: Final = "files that can be described: CSV, TSV, text of fixed width, JSON, JSON Lines, XML, XLSX"


def _describe_one(
    place: Place,
    row: _Row,
    guess: Guessed,
    objects: dict[str, ObjectSpec],
    facts: dict[str, Fact],
    notes: list[str],
    on: str,
) -> None:
    file = guess.file.model_copy(
        update={"name": row.pattern, "complete": guess.file.complete.model_copy(update={"marker": row.marker})}
    )
    try:
        records = _records(place, row.newest, file)
    except Error as error:
        notes.append(f"The file '{row.newest.name}' was left out: {error.message} ({error.detail}).")
        return
    columns = describe_columns(records, file)
    if not columns.id.value:
        why = "nothing tells its rows apart" if records else "it has no rows to learn from"
        notes.append(f"The file '{row.newest.name}' was left out: {why}. Add it with 'id' if you know better.")
        return
    name = _object_name(row.pattern, guess.suffix, objects)
    at = f"objects.{name}"
    facts[f"{at}.id"] = Fact(label="inferred", because=columns.id.because, on=on)
    for key, because in guess.facts.items():
        facts[f"{at}.file.{key}"] = Fact(label="inferred", because=because, on=on)
    for key, because in _facts_of_row(row):
        facts[f"{at}.file.{key}"] = Fact(label="inferred", because=because, on=on)
    objects[name] = _object(file, columns)
    odd = [f"{path} ({field.format})" for path, field in columns.fields.items() if field.format]
    if odd:
        notes.append(f"Dates in '{name}' are spelled in their own way; map them with a codec: {', '.join(odd)}.")


def _facts_of_row(row: _Row) -> list[tuple[str, str]]:
    found = []
    if row.pattern != row.newest.name:
        found.append(("name", f"{row.total} files have names like '{row.newest.name}'"))
    if row.marker:
        found.append(("complete.marker", f"there is '{row.marker.replace('{name}', row.newest.name)}'"))
    return found


def _object(file: FileSpec, columns: Columns) -> ObjectSpec:
    single = "," not in columns.id.value or columns.id.value in columns.fields
    fields = dict(columns.fields)
    if single:
        fields[columns.id.value] = fields[columns.id.value].model_copy(update={"unique": True, "required": True})
    return ObjectSpec(id=columns.id.value, file=file, fields=fields)


def _records(place: Place, seen: Seen, file: FileSpec) -> list[Raw]:
    """Read a sample of the records, every cell as it is written."""
    reader = open_format(file, ObjectSpec(file=file), seen.path)
    with place.open(seen) as stream:
        entries = reader.read(stream)
        return [entry.record for entry in islice(entries, ROWS_LOOKED_AT) if entry.record is not None]


def _group(files: Sequence[Seen]) -> list[_Row]:
    names = {seen.name for seen in files}
    rows: dict[str, list[Seen]] = {}
    markers: dict[str, str] = {}
    for seen in files:
        stem = seen.name
        if any(stem.lower().endswith(ending) for ending in _MARKERS):
            continue
        pattern = pattern_of(stem)
        rows.setdefault(pattern, []).append(seen)
        for ending in _MARKERS:
            for marker in (f"{stem}{ending}", f"{stem}{ending.upper()}"):
                if marker in names and not seen.is_settled:
                    markers[pattern] = "{name}" + marker.removeprefix(stem)
    found = []
    for pattern, each in sorted(rows.items()):
        newest = max(each, key=lambda seen: (_age(seen.name), seen.modified))
        found.append(_Row(pattern, newest, len(each), markers.get(pattern, "")))
    return found


def pattern_of(name: str) -> str:
    """Give the pattern of a file's name: a date in it, or a number at its end, may be another one tomorrow."""
    dated = _DATE.sub("{date}", name, count=1)
    return dated if dated != name else _NUMBER.sub("{number}", name, count=1)


def _age(name: str) -> str:
    found = _DATE.search(name) or _NUMBER.search(name)
    return order_of(found[0]) if found else ""


def _object_name(pattern: str, suffix: str, taken: dict[str, ObjectSpec]) -> str:
    stem = PurePath(pattern).stem if "." in pattern else pattern
    words = re.split(r"\W+", re.sub(r"\{date\}|\{number\}", " ", stem))
    plain = "_".join(word for word in (*words, *re.split(r"\W+", suffix)) if word.strip("_")).strip("_") or "records"
    plain = re.sub("__+", "_", plain).lower()
    name, count = plain, 1
    while name in taken:
        count += 1
        name = f"{plain}_{count}"
    return name
