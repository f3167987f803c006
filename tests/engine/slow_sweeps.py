"""Systems that list slowly, break off, or are asked page by page, for the tests of reading."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from world import CRM, ERP, Killed, World

PAGE = 5
PAGED = "    paging: {{type: offset, limit: {}}}\n    list: {{method: GET, path: /}}\n"


def paged(manifest: str, size: int = PAGE) -> str:
    """The manifest with small pages."""
    return manifest.replace("    list: {method: GET, path: /}\n", PAGED.format(size))


@dataclass
class Listing:
    """What one system was asked to list: the positions, and how many single reads there were."""

    pages: list[Any] = field(default_factory=list)
    gets: int = 0

    @property
    def first_pages(self) -> int:
        return sum(p is None for p in self.pages)


@contextlib.contextmanager
def slowly(
    world: World,
    system: str = "crm",
    *,
    seconds: float = 30,
    most: int | None = None,
    error: BaseException | None = None,
) -> Iterator[Listing]:
    """Let every page of a system take long; the process dies (or ``error`` comes) when ``most`` pages were given."""
    transport = world.systems[system].transport
    answer, seen = transport.answer, Listing()

    def slow(request: Any) -> Any:
        if request.verb == "get":
            seen.gets += 1
        if request.verb != "list":
            return answer(request)
        if most is not None and len(seen.pages) >= most:
            raise error or Killed
        world.pass_time(seconds)
        seen.pages.append(request.arguments["after"])
        return answer(request)

    transport.answer = slow
    try:
        yield seen
    finally:
        transport.__dict__.pop("answer", None)


def by_offset(world: World, system: str = "crm") -> None:
    """Let a system list by counting rows, so that what is deleted moves all that follows."""
    for shelf in world.systems[system].transport.shelves.values():

        def page(since: float | None, after: Any, size: int, shelf: Any = shelf) -> Any:
            rows = [
                k for k in sorted(shelf._kept.values(), key=lambda k: k.order) if since is None or k.modified >= since
            ]
            at = after[1] if after else 0
            return [k.row for k in rows[at : at + size]], (0.0, at + size, "") if at + size < len(rows) else None

        shelf.page = page


def build(folder: Any, mapping: str, *, size: int = PAGE, crm: str = CRM, erp: str = ERP, **options: Any) -> World:
    return World.build(folder, mapping, paged(crm, size), paged(erp, size), **options)
