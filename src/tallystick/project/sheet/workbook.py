"""The sheet as XLSX, written: typed as text throughout, protected where nothing is to be edited, lists to choose from.

Over a workbook that is there, tabs and columns that people added stay.
"""

from collections.abc import Mapping
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tallystick.core.error import ProjectError
from tallystick.project.sheet.book import EVER, HIDDEN, LISTS, MARK, Book, Heading, Line, Tab
from tallystick.project.sheet.cell import LONGEST
from tallystick.project.sheet.columns import KEYS
from tallystick.project.sheet.tabs import row_id
from tallystick.project.sheet.workbook_read import open_workbook

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_CHUNK: Final = 30_000
_TITLE: Final = 31
_COMMENT: Final = 500
_FILLS: Final = {"head": "DDE6EE", "locked": "F2F2F2", "error": "F8CBAD", "warning": "FFE699"}


def write_workbook(path: Path, book: Book) -> None:
    """Write the workbook; ``path`` is replaced as a whole or not at all.

    Raises:
        ProjectError: a cell is too long, or the file cannot be written.
    """
    from openpyxl import Workbook

    there = open_workbook(path) if path.exists() else None
    workbook: Workbook = there if there is not None else Workbook()
    if there is None:
        workbook.remove(workbook.worksheets[0])
    added = _take_out(workbook)
    lists = _write_lists(workbook, book)
    for at, tab in enumerate(book.tabs):
        sheet = workbook.create_sheet(_title(workbook, tab.title), at)
        _write_tab(sheet, tab, book, lists, str(path))
        _put_back(sheet, tab, added.get(tab.mark, {}))
    _write_base(workbook, book)
    workbook.active = 0
    out = BytesIO()
    workbook.save(out)
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(out.getvalue())
        beside.replace(path)
    except OSError as error:
        raise ProjectError(f"{path} cannot be written: {error.strerror}", hint="check its folder") from error
    finally:
        beside.unlink(missing_ok=True)


def _take_out(workbook: "Workbook") -> dict[str, dict[str, dict[str, Any]]]:
    """Take our tabs out of a workbook; give what people added to them, by tab, heading and row id."""
    added: dict[str, dict[str, dict[str, Any]]] = {}
    for sheet in list(workbook.worksheets):
        mark = str(sheet.cell(1, 1).value or "")
        if sheet.title in {HIDDEN, LISTS} or mark.startswith(MARK):
            found = added.setdefault(mark, {})
            heads = [str(cell.value or "").strip() for cell in sheet[1]]
            for at, head in enumerate(heads[1:], 2):
                if head:
                    ids = ((sheet.cell(n, 1).value, sheet.cell(n, at).value) for n in range(2, sheet.max_row + 1))
                    found[head] = {str(own): value for own, value in ids if own and value is not None}
            workbook.remove(sheet)
    return added


def _put_back(sheet: "Worksheet", tab: Tab, added: Mapping[str, Mapping[str, Any]]) -> None:
    """Give columns that people added their place again, behind ours."""
    from openpyxl.styles import Protection

    known = {heading.name for heading in tab.headings} | EVER
    rows = {row_id(line.row): number for number, line in enumerate(tab.lines, 2) if line.row is not None}
    at = len(tab.headings) + 1
    for head, values in added.items():
        if head in known:
            continue
        at += 1
        _put(sheet, 1, at, head, str(sheet.title))
        for own, value in values.items():
            if own in rows:
                cell = sheet.cell(rows[own], at)
                cell.value = value
        for number in range(2, len(tab.lines) + 2):
            sheet.cell(number, at).protection = Protection(locked=False)


def _write_tab(sheet: "Worksheet", tab: Tab, book: Book, lists: Mapping[str, str], file: str) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    _put(sheet, 1, 1, tab.mark, file)
    for at, heading in enumerate(tab.headings, 2):
        cell: Any = _put(sheet, 1, at, heading.name, file)
        cell.font, cell.fill = Font(bold=True), _fill("head")
        cell.alignment = Alignment(vertical="top")
        if heading.about:
            cell.comment = Comment(heading.about[:_COMMENT], "tally", width=320, height=120)
        sheet.column_dimensions[get_column_letter(at)].width = heading.width
    for number, line in enumerate(tab.lines, 2):
        _write_line(sheet, number, line, tab.headings, file)
    sheet.column_dimensions["A"].hidden = True
    keys = len(list(takewhile(lambda heading: not heading.is_editable, tab.headings)))
    sheet.freeze_panes = f"{get_column_letter(2 + keys)}2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(tab.headings) + 1)}{len(tab.lines) + 1}"
    _offer(sheet, tab, book, lists)
    # Against slips, not against people: no password.
    sheet.protection.sheet = True
    for allowed in ("formatCells", "formatColumns", "formatRows", "sort", "autoFilter", "insertColumns"):
        setattr(sheet.protection, allowed, False)


def _write_line(sheet: "Worksheet", number: int, line: Line, headings: tuple[Heading, ...], file: str) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Protection

    if line.row is not None:
        _put(sheet, number, 1, row_id(line.row), file)
    for at, heading in enumerate(headings, 2):
        is_open = heading.is_editable or (line.row is None and heading.name in _KEY_NAMES)
        cell = _put(sheet, number, at, line.cells.get(heading.name, ""), file)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.protection = Protection(locked=not is_open)
        if not is_open:
            cell.fill = _fill("locked")
        mark = line.marks.get(heading.name)
        if mark:
            cell.fill = _fill(mark[0])
            cell.comment = Comment(mark[1][:_COMMENT], "tally", width=320, height=120)


_KEY_NAMES: Final = frozenset(name for names in KEYS.values() for name in names)


def _offer(sheet: "Worksheet", tab: Tab, book: Book, lists: Mapping[str, str]) -> None:
    """Let people choose: one rule for each list and column, over all lines that use it."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    columns = {heading.name: at for at, heading in enumerate(tab.headings, 2)}
    rules: dict[tuple[str, str], DataValidation] = {}
    for number, line in enumerate(tab.lines, 2):
        for column, name in line.choices.items():
            if column not in columns or name not in lists:
                continue
            rule = rules.get((column, name))
            if rule is None:
                is_strict = name in book.strict
                rule = DataValidation(type="list", formula1=lists[name], allow_blank=True, showErrorMessage=is_strict)
                if is_strict:
                    rule.errorTitle, rule.error = "not possible", "Choose from the list, or leave the cell blank."
                rules[column, name] = rule
                sheet.add_data_validation(rule)
            rule.add(f"{get_column_letter(columns[column])}{number}")


def _write_lists(workbook: "Workbook", book: Book) -> dict[str, str]:
    """Write what can be chosen into a tab of its own; give by name the formula that means the list."""
    from openpyxl.utils import get_column_letter

    sheet = workbook.create_sheet(LISTS)
    sheet.sheet_state = "hidden"
    formulas = {}
    for at, (name, words) in enumerate(book.lists.items(), 1):
        letter = get_column_letter(at)
        for number, word in enumerate((name, *words), 1):
            _put(sheet, number, at, word, LISTS)
        formulas[name] = f"{LISTS}!${letter}$2:${letter}${len(words) + 1}"
    return formulas


def _write_base(workbook: "Workbook", book: Book) -> None:
    """Write the base into a tab of its own, in pieces that every spreadsheet can hold in a cell."""
    sheet = workbook.create_sheet(HIDDEN)
    sheet.sheet_state = "hidden"
    packed = book.base.packed()
    pieces = [packed[at : at + _CHUNK] for at in range(0, len(packed), _CHUNK)]
    for number, (name, text) in enumerate((("hash", book.base.hash), *(("base", f"b:{p}") for p in pieces)), 1):
        _put(sheet, number, 1, name, HIDDEN)
        _put(sheet, number, 2, text, HIDDEN)
    sheet.protection.sheet = True


def _put(sheet: "Worksheet", number: int, at: int, text: str, file: str) -> Any:
    """Write text as text, whatever it looks like: never a formula, a number or a date."""
    if len(text) > LONGEST:
        raise ProjectError(
            f"a cell can hold {LONGEST:,} characters, and one would have {len(text):,}",
            hint="shorten it in the mapping, or keep that mapping out of the sheet",
            place=f"{file}!{sheet.title}!{sheet.cell(number, at).coordinate}",
        )
    cell = sheet.cell(number, at)
    cell.number_format = "@"
    if text:
        cell.value = text
        cell.data_type = "s"
        cell.quotePrefix = text[0] in "=+-@"
    return cell


def _fill(kind: str) -> Any:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", start_color=_FILLS[kind])


def _title(workbook: "Workbook", wanted: str) -> str:
    """Give a tab a name that spreadsheets take: short, and unlike any other, capitals aside."""
    taken = {title.casefold() for title in workbook.sheetnames} | {"history"}
    title, number = wanted[:_TITLE], 2
    while title.casefold() in taken:
        ending = f" ({number})"
        title, number = wanted[: _TITLE - len(ending)] + ending, number + 1
    return title
