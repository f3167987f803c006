"""Which format a file has, and how it is laid out: by its ending, and by what its first bytes say."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath
from typing import IO, Any, Final
from xml.etree.ElementTree import ParseError, XMLPullParser

import msgspec

from tallystick.connectors.describe.file_text import (
    SAMPLE_BYTES,
    guess_decimal,
    guess_encoding,
    guess_layout,
    guess_widths,
    is_header,
)
from tallystick.connectors.files_json import list_paths
from tallystick.connectors.files_place import Place, Seen
from tallystick.connectors.files_sheet import sheet_tops
from tallystick.connectors.files_text import LINE_ENDS
from tallystick.project.manifest_files import Complete, FileSpec

_BOOKS: Final = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
_IGNORED: Final = frozenset(
    {".zip", ".gz", ".pdf", ".png", ".jpg", ".log", ".md", ".html", ".doc", ".docx", ".tmp", ".part"}
)
_ZIP: Final = b"PK\x03\x04"
_SNIFFED: Final = 64


@dataclass(frozen=True, slots=True)
class Guessed:
    """A file that may hold records of one kind; ``facts`` are reasons by setting, ``suffix`` tells sheets apart."""

    file: FileSpec
    facts: dict[str, str] = field(default_factory=dict)
    suffix: str = ""


def guess_files(place: Place, seen: Seen) -> list[Guessed]:
    """Guess what is in a file: nothing, one kind of records, or in a workbook one kind for each sheet.

    Raises what the place raises, and ``ProjectError`` where a library is missing.
    """
    ending = PurePath(seen.name).suffix.lower()
    if ending in _IGNORED:
        return []
    with place.open(seen) as stream:
        if ending in _BOOKS:
            return _sheets(stream, seen.name)
        sample = stream.read(SAMPLE_BYTES)
        is_whole = len(sample) < SAMPLE_BYTES
        if not sample or sample.startswith(_ZIP):
            return []
        encoding = guess_encoding(sample)
        text = sample.decode(encoding.value, "replace").lstrip("\ufeff")
        if not is_whole:
            text = text[: text.rfind("\n") + 1]
        start = text.lstrip()[:_SNIFFED]
        facts = {"encoding": encoding.because}
        known = {"name": seen.name, "encoding": encoding.value}
        if ending == ".xml" or start.startswith("<"):
            return _xml(text, known)
        if ending in {".jsonl", ".ndjson"} or (start.startswith("{") and _is_lines(text, ending)):
            file = FileSpec(**known, format="jsonl", complete=Complete(final_newline=_ends(text, is_whole=is_whole)))
            return [Guessed(file, {**facts, "format": "each line is an object of JSON"})]
        if ending == ".json" or start.startswith(("[{", "{")):
            stream.seek(0)
            return _json(stream, seen.name, known, facts)
        return _lines(text, known, facts, is_whole=is_whole)


def _is_lines(text: str, ending: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < (2 if ending == ".json" else 1):
        return False
    try:
        return all(isinstance(msgspec.json.decode(line), dict) for line in lines[:20])
    except msgspec.DecodeError:
        return False


def _ends(text: str, *, is_whole: bool) -> bool:
    return not is_whole or text[-1:] in {"\n", "\r"}


def _json(stream: IO[bytes], name: str, known: dict[str, str], facts: dict[str, str]) -> list[Guessed]:
    paths = list_paths(stream, known["encoding"], name)
    if not paths:
        return []
    best = min(paths, key=lambda path: (path.count("."), len(path)))
    because = f"the first list of objects is at '{best}'" if best else "the document is a list of objects"
    return [Guessed(FileSpec(**known, format="json", records=best), {**facts, "records": because})]


def _xml(text: str, known: dict[str, str]) -> list[Guessed]:
    counts: Counter[tuple[int, str]] = Counter()
    leaves: set[tuple[int, str]] = set()
    parser: Any = XMLPullParser(("start", "end"))
    depth = 0
    try:
        parser.feed(text.encode() if "encoding=" not in text[:200] else text.partition("?>")[2].encode())
        for event, element in parser.read_events():
            depth += 1 if event == "start" else -1
            at = (depth, str(element.tag).rpartition("}")[2])
            if event == "end":
                counts[at] += 1
                if len(element) or element.attrib:
                    leaves.add(at)
    except ParseError:
        pass
    found = [at for at in counts if at in leaves and at[0] > 0]
    if not found:
        return []
    best = min(found, key=lambda at: (counts[at] < 2, at[0], -counts[at]))  # noqa: PLR2004 - once is no repetition
    because = f"'{best[1]}' comes {counts[best]} times and is the outermost element that is repeated"
    return [Guessed(FileSpec(**{**known, "encoding": "utf-8"}, format="xml", records=best[1]), {"records": because})]


def _sheets(stream: IO[bytes], name: str) -> list[Guessed]:
    found = []
    tops = sheet_tops(stream, name)
    for sheet, rows in tops:
        widths = Counter(sum(cell != "" for cell in row) for row in rows if any(row))
        width = max(widths, default=0)
        header = next((at for at, row in enumerate(rows, 1) if sum(cell != "" for cell in row) >= width > 0), 0)
        if not header or not is_header(rows[header - 1]):
            continue
        file = FileSpec(name=name, format="xlsx", sheet=sheet if len(tops) > 1 else "", header=header)
        facts = {"header": f"line {header} is the first that names every column"}
        found.append(Guessed(file, facts, sheet if len(tops) > 1 else ""))
    return found


def _lines(text: str, known: dict[str, str], facts: dict[str, str], *, is_whole: bool) -> list[Guessed]:
    layout = guess_layout(text)
    ends = _ends(text, is_whole=is_whole)
    if layout is None:
        return _fixed(text, known, facts, ends=ends)
    trailer = layout.trailer if is_whole else ""
    rows = _cells(text, layout.delimiter.value, layout.header)
    decimal = guess_decimal(cell for row in rows for cell in row)
    sign, group = (decimal[0].value, decimal[1]) if decimal else (".", "")
    facts = {**facts, "delimiter": layout.delimiter.because, "header": _of_header(layout.header)}
    if decimal:
        facts["decimal"] = decimal[0].because
    if trailer:
        facts["complete.trailer"] = "its last line counts the rows"
    if not ends:
        facts["complete.final_newline"] = "its last line does not end"
    is_tab = layout.delimiter.value == "\t"
    file = FileSpec.model_validate({
        **known,
        "format": "tsv" if is_tab else "csv",
        **({} if is_tab else {"delimiter": layout.delimiter.value}),
        "header": layout.header,
        "columns": () if layout.header else layout.names,
        "decimal": sign,
        "thousands": group,
        "complete": Complete(trailer=trailer, final_newline=ends),
    })  # fmt: skip
    return [Guessed(file, facts)]


def _of_header(line: int) -> str:
    return f"line {line} has distinct names and no values" if line else "no line has names; the columns are numbered"


def _cells(text: str, delimiter: str, header: int) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in islice(reader, 5000):
            if reader.line_num > header:
                yield [cell.strip() for cell in row]
    except csv.Error:
        return


def _fixed(text: str, known: dict[str, str], facts: dict[str, str], *, ends: bool) -> list[Guessed]:
    lines = [line.rstrip(LINE_ENDS) for line in io.StringIO(text, newline="")]
    widths = guess_widths(lines[:5000])
    if not widths:
        return []
    starts = [sum(widths[:at]) for at in range(len(widths))]
    names = [lines[0][start : start + width].strip() for start, width in zip(starts, widths, strict=True)]
    header = 1 if is_header(names) and all(names) else 0
    columns = () if header else tuple(f"column_{at + 1}" for at in range(len(widths)))
    file = FileSpec.model_validate({
        **known,
        "format": "fixed",
        "widths": widths,
        "header": header,
        "columns": columns,
        "complete": Complete(final_newline=ends),
    })  # fmt: skip
    because = "all lines have spaces before these places"
    return [Guessed(file, {**facts, "widths": because, "header": _of_header(header)})]
