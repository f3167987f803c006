"""What carries a sheet: a workbook or a folder of CSV files, told apart by the path."""

from pathlib import Path

from tallystick.core.error import ProjectError
from tallystick.project.sheet.book import Book, FoundBook
from tallystick.project.sheet.folder import read_folder, write_folder
from tallystick.project.sheet.workbook import write_workbook
from tallystick.project.sheet.workbook_read import read_workbook


def write_book(path: Path, book: Book) -> None:
    """Write a sheet: ``.xlsx`` as a workbook, anything else as a folder of CSV files. Raises ``ProjectError``."""
    if is_workbook(path):
        write_workbook(path, book)
    else:
        write_folder(path, book)


def read_book(path: Path) -> FoundBook:
    """Read a sheet back.

    Raises:
        ProjectError: nothing is there, or it is no sheet.
    """
    if path.is_dir():
        return read_folder(path)
    if is_workbook(path):
        return read_workbook(path)
    reason = "it is neither a workbook (.xlsx) nor a folder of CSV files" if path.exists() else "there is no such file"
    raise ProjectError(
        f"the sheet cannot be read: {reason}", hint="write one with `tally map export --xlsx FILE`", place=str(path)
    )


def is_workbook(path: Path) -> bool:
    """Whether a path means a workbook."""
    return path.suffix.casefold() in {".xlsx", ".xlsm"} and not path.is_dir()
