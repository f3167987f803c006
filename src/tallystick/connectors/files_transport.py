"""Runs the flows of a files connector. Each run looks anew which file counts; writes side by side become one file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from tallystick.connectors.files_place import Place
from tallystick.connectors.files_request import Change, Fetch, Listing, Request, Search, Write
from tallystick.connectors.files_shelf import Outcome, Shelf
from tallystick.connectors.flow import drive
from tallystick.core.error import Error
from tallystick.core.ports import Flow

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Running:
    """A flow on its way: what it asked last, or how it ended."""

    flow: Flow[Any]
    asks: Write | None = None
    outcome: Any = None
    failure: Error | None = None


class FilesTransport:
    """The files of one system: a place and a shelf for each object."""

    def __init__(self, place: Place, shelves: Mapping[str, Shelf]) -> None:
        self._place = place
        self._shelves = shelves
        self._looked: set[str] = set()

    def run(self, flow: Flow[T]) -> T:
        """Run one flow to its end."""
        self._looked.clear()
        return drive(flow, self.answer)

    def run_all(self, flows: Sequence[Flow[T]]) -> Sequence[T | Error]:
        """Run several; one outcome each, in order. What they write into one file is written at once."""
        self._looked.clear()
        running = [_Running(flow) for flow in flows]
        try:
            for each in running:
                self._advance(each, each.flow.__next__)
            while waiting := [each for each in running if each.asks is not None]:
                for name in dict.fromkeys(each.asks.object for each in waiting if each.asks):
                    self._write(name, [each for each in waiting if each.asks and each.asks.object == name])
        finally:
            for each in running:
                each.flow.close()
        return [each.failure or each.outcome for each in running]

    def close(self) -> None:
        """Forget what was read, and give back connections and files."""
        for shelf in self._shelves.values():
            shelf.close()
        self._place.close()

    def put_away(self) -> None:
        """Move files that were read to the archive, where the manifest names one."""
        for shelf in self._shelves.values():
            shelf.put_away()

    def answer(self, request: Request) -> Any:
        """Do what one request asks for."""
        shelf = self._shelves[request.object]
        match request:
            case Listing():
                if request.after is None or not shelf.is_open:
                    self._look(request.object)
                return shelf.page(request.after, request.size)
            case Fetch():
                self._look(request.object)
                return shelf.row(request.id)
            case Search():
                self._look(request.object)
                return shelf.search(request.path, request.value)
            case Write():
                return shelf.write(request.changes)

    def _look(self, name: str) -> None:
        if name not in self._looked:
            self._shelves[name].refresh()
            self._looked.add(name)

    def _advance(self, each: _Running, step: Callable[[], Any]) -> None:
        """Take a flow as far as it gets without a write; errors of the tree are its outcome."""
        each.asks = None
        try:
            request = step()
            while not isinstance(request, Write):
                try:
                    reply = self.answer(request)
                except Error as error:
                    request = each.flow.throw(error)
                else:
                    request = each.flow.send(reply)
            each.asks = request
        except StopIteration as end:
            each.outcome = end.value
        except Error as error:
            each.failure = error

    def _write(self, name: str, waiting: Sequence[_Running]) -> None:
        changes: list[Change] = []
        for each in waiting:
            changes += each.asks.changes if each.asks else ()
        try:
            outcomes = iter(self._shelves[name].write(changes))
        except Error as error:
            for each in waiting:
                self._advance(each, partial(each.flow.throw, error))
            return
        for each in waiting:
            mine: list[Outcome] = [next(outcomes) for _ in each.asks.changes] if each.asks else []
            self._advance(each, partial(each.flow.send, mine))
