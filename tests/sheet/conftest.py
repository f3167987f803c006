"""A small project on disk, and its sheets as people hand them around."""

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest

FILES = {
    "tally.yaml": """\
        name: shop
        # who can be asked
        owners:
          sales: {name: Erika, email: erika@example.com}
          ops: {name: Operations, deputy: sales}
        """,
    "systems/crm.yaml": """\
        protocol: rest
        base_url: https://crm.example.com
        owner: ops
        objects:
          companies:
            id: id
            list: {method: GET, path: /companies, record: data}
            create: {method: POST, path: /companies}
            update: {method: PATCH, path: "/companies/{id}"}
            fields:
              name: {type: text, required: true, max_length: 200}
              email: {type: text}
              phone: {type: text}
              status: {type: text, options: {active: Active, blocked: Blocked, "007": Agent}}
        """,
    "systems/erp.yaml": """\
        protocol: rest
        base_url: https://erp.example.com
        owner: ops
        objects:
          partners:
            id: id
            list: {method: GET, path: /partners, record: data}
            create: {method: POST, path: /partners}
            update: {method: PATCH, path: "/partners/{id}"}
            fields:
              partner_name: {type: text, required: true, max_length: 20}
              mail: {type: text}
              telephone: {type: text}
              state: {type: text, options: {A: "", B: "", "1": ""}}
        """,
    "mappings/companies.yaml": """\
        # The companies of both systems.
        left: {system: crm, object: companies}
        right: {system: erp, object: partners}
        match:
        - {on: email, normalise: email}   # who is who
        fields:
          # what they are called
          name: {left: name, right: partner_name, owner: sales}  # short over there
          email: {left: email, right: mail}
          phone:
            left:
              path: phone
              codec: [trim]
            right: telephone
            note: |
              Two lines,
              written as a block.
          # the state of things
          status:
            left: status
            right: state
            options:
              map:
                active: A   # the usual one
                007: "1"
        on_unmatched: {left: create, right: ask}
        on_delete: {left: ask, right: ask}
        brakes:
          delete_count: 3
        owner: ops
        """,
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the project, some of its files with other texts."""

    def _write(files: Mapping[str, str] | None = None) -> Path:
        folder = tmp_path / "project"
        for name, text in {**FILES, **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return folder

    return _write


class Table:
    """A tab of a workbook as a person sees it: lines by what stands in their first columns."""

    def __init__(self, sheet) -> None:
        self.sheet = sheet
        self.heads = {cell.value: cell.column for cell in sheet[1] if cell.value}

    def line(self, *key: str) -> int:
        """Find the line that begins with these cells."""
        for row in self.sheet.iter_rows(min_row=2):
            if tuple(cell.value for cell in row[1 : len(key) + 1]) == key:
                return row[0].row
        raise AssertionError(f"{key} is not in {self.sheet.title}")

    def free(self) -> int:
        """Find the first free line."""
        return next(r[0].row for r in self.sheet.iter_rows(min_row=2) if r[0].value is None and r[1].value is None)

    def cell(self, line: int, head: str):
        """Give a cell."""
        return self.sheet.cell(line, self.heads[head])

    def set(self, line: int, **cells: str | None) -> None:
        """Type into a line."""
        for head, value in cells.items():
            self.cell(line, head.replace("__", ".")).value = value


class Workbook:
    """A workbook in somebody's hands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path)

    def table(self, title: str) -> Table:
        """Give a tab."""
        return Table(self.book[title])

    def save(self) -> None:
        """Save it."""
        self.book.save(self.path)


@pytest.fixture
def opened() -> Callable[[Path], Workbook]:
    """Open workbooks."""
    return Workbook
