"""Where a sheet is: a workbook, a folder of CSV files, or a spreadsheet of Google's; told apart by how it was named."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tallystick.connectors.google_sheet import GoogleSheet
    from tallystick.project.load import LoadedProject
    from tallystick.project.sheet.book import Book, FoundBook

SHEET_ABOUT: Final = "The workbook, the folder of CSV files, or the address of the Google spreadsheet."


def read_sheet(loaded: "LoadedProject", named: str) -> "FoundBook":
    """Read a sheet.

    Raises:
        ProjectError: nothing is there, or it is no sheet.
        AccessError: Google does not show it to the project's service account.
    """
    from tallystick.project.sheet.carrier import read_book
    from tallystick.project.sheet.online import found_book, spreadsheet_id

    own = spreadsheet_id(named)
    if own is None:
        return read_book(Path(named))
    with _online(loaded, own) as sheet:
        return found_book(sheet.look())


def find_sheet(loaded: "LoadedProject", named: str) -> "FoundBook | None":
    """Read a sheet that may not be there yet; ``None`` where an export would begin one. Raises as ``read_sheet``."""
    from tallystick.project.sheet.carrier import read_book
    from tallystick.project.sheet.online import found_book, spreadsheet_id

    own = spreadsheet_id(named)
    if own is None:
        path = Path(named)
        is_there = path.exists() and not (path.is_dir() and not any(path.glob("*.csv")))
        return read_book(path) if is_there else None
    with _online(loaded, own) as sheet:
        found = sheet.look()
    return found_book(found) if found.is_ours else None


def write_sheet(loaded: "LoadedProject", named: str, book: "Book") -> None:
    """Write a sheet.

    Raises:
        ProjectError: it cannot be written.
        AccessError: Google does not let the project's service account edit it.
    """
    from tallystick.project.sheet.carrier import write_book
    from tallystick.project.sheet.online import spreadsheet_id
    from tallystick.project.sheet.online_plan import plan_rewrite

    own = spreadsheet_id(named)
    if own is None:
        write_book(Path(named), book)
        return
    with _online(loaded, own) as sheet:
        sheet.rewrite(lambda there: plan_rewrite(there, book))


def check_place(loaded: "LoadedProject", named: str) -> None:
    """Make sure that the project has what it takes to get there; nothing is asked.

    Raises:
        ProjectError: the address is none, or there is no usable service account.
    """
    from tallystick.project.sheet.online import spreadsheet_id

    own = spreadsheet_id(named)
    if own is not None:
        with _online(loaded, own):
            pass


def sheet_name(named: str) -> str:
    """Name a sheet briefly: by its file, or by the id of the spreadsheet. Raises ``ProjectError`` as ``read_sheet``."""
    from tallystick.project.sheet.online import spreadsheet_id

    own = spreadsheet_id(named)
    return Path(named).name if own is None else f"google:{own}"


@contextmanager
def _online(loaded: "LoadedProject", own: str) -> "Iterator[GoogleSheet]":
    from tallystick.connectors.google_sheet import open_google_sheet
    from tallystick.project.secrets import ProjectSecrets, reference_places

    secrets = ProjectSecrets(loaded.folder, reference_places(loaded))
    sheet = open_google_sheet(own, loaded.project.google, secrets)
    try:
        yield sheet
    finally:
        sheet.close()
