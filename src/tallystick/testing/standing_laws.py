"""What can be tried on the records that a system holds anyway, without changing any of them.

Messages name ids and never values: the records are somebody's.
"""

from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from unittest import SkipTest

from tallystick.core.error import DataError
from tallystick.core.ports import Capabilities, Connector, Page, Position, Sighting, Transport

_MOST_PAGES = 50
_SAMPLE = 5


@dataclass(slots=True)
class _Walk:
    """A walk through a listing, and whether it came to the end."""

    pages: list[Page] = field(default_factory=list)
    is_whole: bool = False


@dataclass(slots=True)
class StandingLaws:
    """The laws of reading, on an object as it stands."""

    object_name: str
    connector: Connector
    transport: Transport

    def test_the_listing_can_be_read(self) -> None:
        """Every row of the first pages is a record with an id."""
        rows = [row for page in self._pages() for row in page.rows]
        for row in rows:
            try:
                self.connector.sight(self.object_name, row)
            except DataError as error:
                raise AssertionError(f"{error.message}: {error.detail}") from error
        if not rows:
            raise SkipTest("the system holds no record")

    def test_no_record_is_listed_twice(self) -> None:
        """Pages join without repeat, while nobody writes."""
        listed = [each.id for each in self._listed()]
        twice = sorted({each for each in listed if listed.count(each) > 1})[:_SAMPLE]
        assert not twice, f"listed more than once: {', '.join(twice)}"

    def test_the_size_of_pages_does_not_matter(self) -> None:
        """Small pages give the records that large pages give."""
        small, large = self._walk(page_size=2), self._walk()
        if not (small.is_whole and large.is_whole):
            raise SkipTest(f"the listing has more than {_MOST_PAGES} pages")
        few, many = ({each.id for page in walk.pages for each in self._sightings(page)} for walk in (small, large))
        different = sorted(few ^ many)[:_SAMPLE]
        assert not different, f"only in pages of one size: {', '.join(different)}"

    def test_a_record_reads_the_same_alone_and_in_a_listing(self) -> None:
        """Get and list agree on the id and on every value that both have."""
        if not self._claims.read_by_id:
            raise SkipTest("the connector does not claim: reading by id")
        for listed in self._sample():
            found = self.transport.run(self.connector.get(self.object_name, listed.id))
            assert isinstance(found, Sighting), f"{listed.id} is listed, and not there when it is asked for"
            both = found.record.keys() & listed.record.keys()
            different = sorted(name for name in both if found.record[name] != listed.record[name])
            assert not different, f"{listed.id} differs in {', '.join(different)}"

    def test_since_lists_what_changed(self) -> None:
        """Asked for changes since a record's own time of change, the system lists that record."""
        if not self._claims.since:
            raise SkipTest("the connector does not claim: a filter by time of change")
        for seen in self._sample():
            assert seen.modified is not None, f"{seen.id} has no time of change"
            walk = self._walk(since=seen.modified)
            listed = {each.id: each for page in walk.pages for each in self._sightings(page)}
            assert seen.id in listed or not walk.is_whole, f"{seen.id} is not among what changed since then"
            early = seen.modified - self._claims.granularity
            stale = [each.id for each in listed.values() if each.modified is not None and each.modified < early]
            assert not stale, f"changed before and listed: {', '.join(stale[:_SAMPLE])}"

    def test_what_was_never_there_is_not_there(self) -> None:
        """An id that no record has is an answer and no error."""
        if not self._claims.read_by_id:
            raise SkipTest("the connector does not claim: reading by id")
        for seen in self._sample()[:1]:
            absent = "9" * len(seen.id) if seen.id.isdecimal() else seen.id[::-1]
            if absent != seen.id:
                found = self.transport.run(self.connector.get(self.object_name, absent))
                assert not isinstance(found, Sighting) or found.id == absent, "another record came instead"

    def count(self, most: int) -> int:
        """Count the records, up to ``most``."""
        return len(list(islice((row for page in self._pages() for row in page.rows), most)))

    @property
    def _claims(self) -> Capabilities:
        return self.connector.capabilities(self.object_name)

    def _pages(self) -> list[Page]:
        return self._walk().pages

    def _walk(self, **asked: Any) -> _Walk:
        """Read a listing as the engine does, every position that is named once, to a certain length."""
        walk = _Walk()
        waiting: list[Position | None] = [None]
        passed: set[Position] = set()
        while waiting and len(walk.pages) < _MOST_PAGES:
            position = waiting.pop(0)
            page = self.transport.run(self.connector.read(self.object_name, position=position, **asked))
            walk.pages.append(page)
            for each in (page.next, *page.ahead):
                if each is not None and each not in passed:
                    passed.add(each)
                    waiting.append(each)
        walk.is_whole = not waiting
        return walk

    def _sightings(self, page: Page) -> list[Sighting]:
        return [self.connector.sight(self.object_name, row) for row in page.rows]

    def _listed(self) -> list[Sighting]:
        return [each for page in self._pages() for each in self._sightings(page)]

    def _sample(self) -> list[Sighting]:
        first = self.transport.run(self.connector.read(self.object_name))
        alive = [each for each in self._sightings(first) if not each.deleted]
        if not alive:
            raise SkipTest("the system holds no record")
        return alive[:: max(1, len(alive) // _SAMPLE)][:_SAMPLE]
