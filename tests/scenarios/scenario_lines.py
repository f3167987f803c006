"""Contacts that stand as lines inside the record of their company, shown as if they were records of their own."""

from collections.abc import Iterator, Sequence
from typing import Any

KEY = "vat"
Row = dict[str, Any]


def line_id(holder: str, key: str) -> str:
    """Name a line as the engine does."""
    return f"{holder}/{key}"


def changed_lines(holder: str, before: Sequence[Row], after: Sequence[Row]) -> Iterator[tuple[str, str, Row]]:
    """Tell what a list that is written back means for its lines: (what was done, line, its new values)."""
    old, new = ({row[KEY]: row for row in rows} for rows in (before, after))
    for key, row in new.items():
        if key not in old:
            yield "create", line_id(holder, key), {**row, "company": holder}
        elif row != old[key]:
            moved = {name: row.get(name) for name in {*row, *old[key]} if row.get(name) != old[key].get(name)}
            yield "update", line_id(holder, key), moved
    yield from (("delete", line_id(holder, key), {}) for key in old if key not in new)


class Lines:
    """What a person sees and edits: the lines of all companies of one system."""

    def __init__(self, holders: Any) -> None:
        self.holders = holders

    def __iter__(self) -> Iterator[Row]:
        """Give every line with its id and its company."""
        for holder in self.holders:
            for row in holder.get("lines") or []:
                yield {"id": line_id(holder["id"], row[KEY]), "company": holder["id"], **row}

    def record(self, record_id: str) -> Row | None:
        """Give one line."""
        return next((row for row in self if row["id"] == record_id), None)

    def create(self, values: Row) -> str:
        """Add a line at the end of its company's list."""
        holder = values["company"]
        line = {name: value for name, value in values.items() if name != "company"}
        self._keep(holder, [*self._of(holder), line])
        return line_id(holder, values[KEY])

    def update(self, record_id: str, values: Row) -> None:
        """Change a line where it stands."""
        holder, _, key = record_id.partition("/")
        self._keep(holder, [{**row, **values} if row[KEY] == key else row for row in self._of(holder)])

    def delete(self, record_id: str) -> None:
        """Take a line out."""
        holder, _, key = record_id.partition("/")
        self._keep(holder, [row for row in self._of(holder) if row[KEY] != key])

    def reverse(self, holder: str) -> None:
        """Turn the order of a company's lines around."""
        self._keep(holder, self._of(holder)[::-1])

    def _of(self, holder: str) -> list[Row]:
        return (self.holders.record(holder) or {}).get("lines") or []

    def _keep(self, holder: str, rows: list[Row]) -> None:
        self.holders.update(holder, {"lines": rows})
