"""A sheet and the files put together: what the merge comes to, as new texts that nobody has written yet."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tallystick.core.error import Problem, ProjectError
from tallystick.project.edit import Edit, edit_yaml
from tallystick.project.load import PROJECT_FILE, LoadedProject
from tallystick.project.rewrite import replace_file
from tallystick.project.sheet.book import FoundBook
from tallystick.project.sheet.columns import Cells, Row
from tallystick.project.sheet.edits import locate, mapping_edits, owner_edits
from tallystick.project.sheet.gather import gather_cells, written
from tallystick.project.sheet.merge import Choose, Merged, changes, merge_cells, undecided
from tallystick.project.sheet.reading import SheetCells, fill_in, read_cells
from tallystick.project.sheet.snapshot import Snapshot, find_base, keep_snapshot
from tallystick.project.sign_off import SIGNED
from tallystick.project.text import DataPath, parse_text


@dataclass(frozen=True, slots=True)
class Joined:
    """A sheet merged with the files, in memory.

    ``changed`` is what the sheet brings: row, column, cell before and after. ``texts`` are the files that change, by
    path in the project. Without a ``base`` every difference is a conflict.
    """

    book: FoundBook
    sheet: SheetCells
    base: Snapshot | None
    yaml: Cells
    said: Snapshot
    merged: Merged
    changed: tuple[tuple[Row, str, str, str], ...]
    texts: Mapping[str, str]

    @property
    def differences(self) -> Iterator[tuple[Row, str, str, str]]:
        """In what the sheet and the files differ, whoever changed it: row, column, the files' cell, the sheet's."""
        return changes(self.yaml, self.said.cells)

    @property
    def mappings(self) -> tuple[str, ...]:
        """The mappings that the sheet has and the project too."""
        return self.said.mappings


def join(loaded: LoadedProject, book: FoundBook, choose: Choose = undecided) -> Joined:
    """Merge a sheet with the files as they are now; nothing is written.

    Raises:
        ProjectError: the sheet cannot be read, or says what cannot be; with every problem and its cell.
    """
    base = find_base(loaded.folder, book.hash, book.packed)
    mappings = [name for name in (base.mappings if base else loaded.mappings) if name in loaded.mappings]
    sheet = read_cells(book, mappings)
    if sheet.problems:
        count = len(sheet.problems)
        raise ProjectError(
            f"the sheet has {count} problem{'s' if count != 1 else ''}; nothing was written",
            sheet.problems,
            hint="each problem names its tab and cell",
        )
    yaml = gather_cells(loaded, mappings)
    before = None if base is None else {r: c for r, c in base.cells.items() if not r.mapping or r.mapping in mappings}
    said = fill_in(sheet, yaml if before is None else before)
    merged = merge_cells(before, yaml, said, choose)
    return Joined(
        book,
        sheet,
        base,
        yaml,
        Snapshot(tuple(mappings), said),
        merged,
        tuple(changes(yaml, merged.cells)),
        _texts(loaded, mappings, yaml, merged.cells),
    )


def _texts(loaded: LoadedProject, mappings: Sequence[str], before: Cells, after: Cells) -> dict[str, str]:
    edits: dict[str, list[Edit]] = {PROJECT_FILE: owner_edits(before, after)}
    for name in mappings:
        file = loaded.source("mapping", name).layers[-1].document.file
        edits[file] = mapping_edits(name, written(loaded, name), before, after)
    return {file: edit_yaml(_read(loaded.folder / file), found, file) for file, found in edits.items() if found}


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8")
    except (OSError, UnicodeError) as error:
        raise ProjectError("the file cannot be read", hint="check its rights", place=str(path)) from error


def write_joined(folder: Path, joined: Joined) -> None:
    """Write the files, and remember what the sheet said: the base of its next merge.

    Raises:
        ProjectError: a file cannot be written.
    """
    for file, text in joined.texts.items():
        try:
            replace_file(folder / file, text)
        except OSError as error:
            raise ProjectError(f"{file} cannot be written: {error.strerror}", hint="check its rights") from error
    if joined.book.hash.isalnum():
        keep_snapshot(folder, joined.book.hash, joined.said)


@contextmanager
def trial(loaded: LoadedProject, texts: Mapping[str, str]) -> Iterator[Path]:
    """Give a copy of the project's files with ``texts`` in their place, to look at before anything is written."""
    with tempfile.TemporaryDirectory(prefix="tally-") as name:
        folder = Path(name)
        for part in ("systems", "mappings"):
            if (loaded.folder / part).is_dir():
                shutil.copytree(loaded.folder / part, folder / part)
        shutil.copyfile(loaded.folder / PROJECT_FILE, folder / PROJECT_FILE)
        if (loaded.folder / SIGNED).is_file():
            (folder / SIGNED).parent.mkdir()
            shutil.copyfile(loaded.folder / SIGNED, folder / SIGNED)
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8", newline="")
        yield folder


def at_cell(loaded: LoadedProject, joined: Joined, problem: Problem) -> Problem:
    """Point a problem of the new files at the cell that says what is wrong, if a cell does."""
    row, column = cell_of(loaded, joined.texts, problem)
    if row is None:
        return problem
    place = joined.sheet.place(row, column)
    return Problem(place, 0, 0, f"{row.title}/{column}: {problem.message}", problem.hint, problem.severity)


def cell_of(loaded: LoadedProject, texts: Mapping[str, str], problem: Problem) -> tuple[Row | None, str]:
    """Find the cell that a problem of a mapping's file is about; ``None`` for other files.

    ``texts`` are those of the files, where they are not as loaded.
    """
    for name in loaded.mappings:
        document = loaded.source("mapping", name).layers[-1].document
        if document.file == problem.file:
            if problem.file in texts:
                document = parse_text(texts[problem.file], problem.file)
            spots: dict[tuple[int, int], DataPath] = {}
            for path, spot in (*document.keys.items(), *document.values.items()):
                spots.setdefault(spot, path)
            return locate(name, spots.get((problem.line, problem.column), ()))
    return None, ""
