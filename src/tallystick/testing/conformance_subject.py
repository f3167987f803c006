"""What a connector's author says of the system under test, and the steps that the laws are written in."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from unittest import SkipTest

from tallystick.core.error import Error
from tallystick.core.path import parse, write
from tallystick.core.ports import Capabilities, Connector, Flow, NotThere, Page, Position, Sighting, Transport
from tallystick.core.record import UNKNOWN, Raw

T = TypeVar("T")
E = TypeVar("E", bound=Error)
MANY = 7
MANY_PAGES = 1000
TEXTS = (
    "Müller & Söhne GmbH",
    "株式会社",
    "مرحبا",
    "🧾🤝",
    'O\'Brien "quoted" \\ back',
    "two\nlines\tand a tab",
    "', (SELECT 1); --",
    "0",
    "null",
)
INTEGERS = (0, -1, 2**31, 2**53 + 1, -(2**53) - 1)
NUMBERS = (Decimal("0.1"), Decimal("-0.01"), Decimal("123456789.0123"), Decimal("12345678901234.5678"))


class Subject:
    """A connector under test: what its author says of it, and the steps that the laws are written in."""

    object_name: ClassVar[str]
    """The object type to test with: it can be created at least."""
    text_field: ClassVar[str]
    """Path of a field that takes free text."""
    unique_field: ClassVar[str] = ""
    """Path of a field whose values the system keeps unique; ``body`` fills it with a distinct text or number."""
    integer_field: ClassVar[str] = ""
    number_field: ClassVar[str] = ""
    nullable_field: ClassVar[str] = ""
    """Path of a text field that may be blank and that ``body`` leaves out."""
    kept_by_system: ClassVar[frozenset[str]] = frozenset()
    """Top-level fields that change with every write: version, time of the last change."""
    texts: ClassVar[Sequence[str]] = TEXTS
    integers: ClassVar[Sequence[int]] = INTEGERS
    numbers: ClassVar[Sequence[Decimal]] = NUMBERS
    keeps_empty_text: ClassVar[bool] = True
    refuses_unknown_fields: ClassVar[bool] = True

    _opened: tuple[Connector, Transport] | None = None

    # --- what a subclass says -------------------------------------------------------------------------------------

    def open(self) -> tuple[Connector, Transport]:
        """Open a fresh system without records; called once for each test."""
        raise AssertionError("say how to open a fresh and empty system")

    def body(self, number: int) -> Raw:
        """Give the body of a valid record; different numbers give different records."""
        raise AssertionError(f"say what record {number} looks like")

    def bad_body(self) -> Raw | None:
        """Give a body that the system refuses, or ``None`` where it refuses nothing."""
        return None

    def reopen(self) -> tuple[Connector, Transport]:
        """Open the same system again, as after a restart; the pair in use where that means nothing."""
        return self._pair()

    def teardown_method(self) -> None:
        """Close what a test opened."""
        if self._opened is not None:
            self._opened[1].close()
            self._opened = None

    # --- what the tests use ---------------------------------------------------------------------------------------

    def _pair(self) -> tuple[Connector, Transport]:
        if self._opened is None:
            self._opened = self.open()
        return self._opened

    @property
    def _connector(self) -> Connector:
        return self._pair()[0]

    @property
    def _claims(self) -> Capabilities:
        return self._connector.capabilities(self.object_name)

    def _run(self, flow: Flow[T]) -> T:
        return self._pair()[1].run(flow)

    def _create(self, body: Raw, key: str = "") -> str:
        return self._run(self._connector.create(self.object_name, body, key or f"key-{sorted(body.items())}")).id

    def _create_some(self, count: int = MANY) -> list[str]:
        return [self._create(self.body(number)) for number in range(count)]

    def _get(self, record_id: str) -> Sighting:
        found = self._run(self._connector.get(self.object_name, record_id))
        assert isinstance(found, Sighting), f"record {record_id} is not there"
        return found

    def _gone(self, record_id: str) -> bool:
        return isinstance(self._run(self._connector.get(self.object_name, record_id)), NotThere)

    def _pages(
        self,
        since: float | None = None,
        page_size: int | None = None,
        between: Any = None,
        token: Position | None = None,
    ) -> list[Page]:
        """Read a listing as the engine does: every position that is named, once."""
        waiting: list[Position | None] = [token]
        seen: set[Position | None] = set()
        pages: list[Page] = []
        while waiting:
            position = waiting.pop(0)
            if position in seen:
                continue
            seen.add(position)
            assert len(pages) < MANY_PAGES, "the listing does not end"
            pages.append(self._run(self._connector.read(self.object_name, since, position, page_size)))
            waiting += [each for each in (pages[-1].next, *pages[-1].ahead) if each is not None]
            if between is not None and len(pages) == 1:
                between(pages[0])
        return pages

    def _sightings(self, pages: Iterable[Page]) -> list[Sighting]:
        return [self._connector.sight(self.object_name, row) for page in pages for row in page.rows]

    def _ids(self, pages: Iterable[Page]) -> list[str]:
        return [each.id for each in self._sightings(pages) if not each.deleted]

    def _needs(self, claim: Any, what: str) -> None:
        if not claim:
            raise SkipTest(f"the connector does not claim: {what}")

    def _patch(self, path: str, value: Any) -> Raw:
        patch: Raw = {}
        write(patch, parse(path), value)
        return patch

    def _with(self, number: int, path: str, value: Any) -> Raw:
        body = self.body(number)
        write(body, parse(path), value)
        return body

    def _holding(self, body: Raw, record: Raw) -> Raw:
        """Give of a record what a body sets; the system may keep more in the same document."""
        held: Raw = {}
        for name, value in body.items():
            stored = record.get(name, UNKNOWN)
            is_inner = isinstance(value, dict) and isinstance(stored, dict)
            held[name] = self._holding(value, stored) if is_inner else stored
        return held

    def _kept(self, record: Raw) -> Raw:
        changed = {*self.kept_by_system, str(parse(self.text_field)[0])}
        return {name: value for name, value in record.items() if name not in changed}

    def _absent_id(self) -> str:
        record_id = self._create(self.body(999))
        self._run(self._connector.delete(self.object_name, record_id, self._get(record_id).version))
        return record_id


def expect(kind: type[E], work: Callable[[], Any]) -> E:
    """Run ``work`` and give the error that it must raise."""
    try:
        result = work()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected, and it gave {result!r}")
