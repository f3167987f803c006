"""The laws of reading: listings, positions, changes since, records by id and by value."""

from functools import partial
from typing import Any

from tallystick.core.error import Absent, DataError
from tallystick.core.path import parse, read
from tallystick.core.ports import Capabilities, Flow, Page, Position, Update
from tallystick.testing.conformance_subject import MANY, Subject, expect


class ReadingLaws(Subject):
    """What every listing and every read must keep."""

    def test_it_names_its_objects_and_describes_them(self) -> None:
        """An object type is listed, has a schema under its name, and capabilities."""
        assert self.object_name in self._connector.objects()
        assert self._connector.schema(self.object_name).name == self.object_name
        assert isinstance(self._claims, Capabilities)

    def test_an_empty_listing_ends_at_once(self) -> None:
        """No record, no row, no next page."""
        assert [row for page in self._pages() for row in page.rows] == []

    def test_a_listing_has_every_record_once(self) -> None:
        """Pages of any size join without gap or repeat."""
        created = self._create_some()
        for size in (1, 3, MANY, 2 * MANY):
            assert sorted(self._ids(self._pages(page_size=size))) == sorted(created), f"pages of {size}"

    def test_a_listing_goes_on_at_a_stored_position(self) -> None:
        """A position outlives the process that got it."""
        created = self._create_some()
        first = self._run(self._connector.read(self.object_name, page_size=3))
        assert first.next is not None, "three of seven records were asked for, yet no page follows"
        seen = self._ids([first])
        previous = self._opened
        self._opened = self.reopen()
        if previous is not None and previous[1] is not self._opened[1]:
            previous[1].close()
        position: Position | None = first.next
        passed: set[Position] = set()
        while position is not None:
            assert position not in passed, "the listing goes round in circles"
            passed.add(position)
            page = self._run(self._connector.read(self.object_name, position=position, page_size=3))
            seen += self._ids([page])
            position = page.next
        assert sorted(seen) == sorted(created)

    def test_a_listing_loses_nothing_while_records_come_and_go(self) -> None:
        """A record that stays is listed, whatever is created and deleted between two pages."""
        claims = self._claims
        self._needs(claims.list_order != "offset" and claims.delete, "a stable order, deletion")
        created = self._create_some()
        gone: list[str] = []

        def meddle(first: Page) -> None:
            gone.append(self._ids([first])[0])
            self._run(self._connector.delete(self.object_name, gone[0], self._get(gone[0]).version))
            self._create(self.body(MANY))

        listed = self._ids(self._pages(page_size=2, between=meddle))
        assert len(listed) == len(set(listed))
        assert set(created) - set(gone) <= set(listed)

    def test_since_is_inclusive(self) -> None:
        """A record changed at the very instant is listed, and one changed well before is not."""
        self._needs(self._claims.since, "a filter by time of change")
        self._create_some()
        every = {each.id: each.modified for each in self._sightings(self._pages())}
        times = sorted(time for time in every.values() if time is not None)
        assert len(times) == MANY, "every record must have a time of change"
        for bound in (times[0], times[MANY // 2], times[-1]):
            for size in (1, MANY + 1):
                listed = self._ids(self._pages(since=bound, page_size=size))
                wanted = {key for key, time in every.items() if time is not None and time >= bound}
                stale = {
                    key for key, time in every.items() if time is not None and time < bound - self._claims.granularity
                }
                assert wanted <= set(listed), f"changed since {bound} and not listed"
                assert not stale & set(listed), f"changed before {bound} and listed"
                assert len(listed) == len(set(listed))

    def test_a_token_shows_what_came_after_it(self) -> None:
        """Asked for what changed after a token, the system shows what was made and changed, and nobody as deleted."""
        self._needs(self._claims.tokens, "tokens")
        created = self._create_some()
        token = self._pages()[0].token
        assert token, "the listing gives no token"
        touched = {self._create(self.body(MANY))}
        if self._claims.update:
            seen = self._get(created[0])
            patch = self._patch(self.text_field, "after the token")
            self._run(self._connector.update(self.object_name, Update(seen.id, patch, seen.version, seen.record)))
            touched.add(created[0])
        if self._claims.delete:
            self._run(self._connector.delete(self.object_name, created[1], self._get(created[1]).version))
        for size in (1, MANY + 1):
            pages = self._pages(since=0.0, page_size=size, token=token)
            listed = self._ids(pages)
            assert touched <= set(listed), "changed after the token and not listed"
            assert len(listed) == len(set(listed)), "listed twice"
            assert created[1] not in listed or not self._claims.delete, "deleted and listed as if it were there"
            buried = {each.id for each in self._sightings(pages) if each.deleted}
            assert not buried & {*touched, *created[2:]}, "there and listed as deleted"
            assert pages[0].token, "the listing gives no further token"

    def test_a_record_reads_the_same_alone_and_in_a_listing(self) -> None:
        """Get and list agree on id, values and version; a listing may leave the version out."""
        self._needs(self._claims.read_by_id, "reading by id")
        [record_id] = self._create_some(1)
        [listed] = self._sightings(self._pages())
        found = self._get(record_id)
        assert (found.id, found.modified) == (listed.id, listed.modified)
        assert listed.version in {None, found.version}
        assert found.record == listed.record

    def test_what_was_never_there_is_not_there(self) -> None:
        """An id that no record has, spelled like one, is an answer and no error."""
        self._needs(self._claims.read_by_id and self._claims.delete, "reading by id, deletion")
        [record_id] = self._create_some(1)
        self._run(self._connector.delete(self.object_name, record_id, self._get(record_id).version))
        assert self._gone(record_id)

    def test_rows_without_id_are_refused(self) -> None:
        """A row that is no JSON, no record, or has no id is a fault of that row alone."""
        self._pages()
        for row in (b"{}", b"[]", b"17", b"null", b'"text"', b"<html>", b""):
            expect(DataError, partial(self._connector.sight, self.object_name, row))

    def test_records_are_found_by_what_is_searchable(self) -> None:
        """Find gives exactly the records with that value."""
        self._needs(self.unique_field and self.unique_field in self._claims.searchable, "a searchable unique field")
        created = self._create_some(3)
        path = parse(self.unique_field)
        found = self._run(self._connector.find(self.object_name, path, read(self.body(1), path)))
        assert [each.id for each in found] == [created[1]]
        assert list(self._run(self._connector.find(self.object_name, path, read(self.body(99), path)))) == []

    def test_flows_side_by_side_answer_in_order(self) -> None:
        """An error of one flow is its own outcome and does not touch the others."""
        claims = self._claims
        self._needs(claims.read_by_id and claims.update and claims.delete, "reading by id, update, deletion")
        created = self._create_some(3)
        absent = self._absent_id()
        flows: list[Flow[Any]] = [self._connector.get(self.object_name, each) for each in created]
        flows.insert(1, self._connector.update(self.object_name, Update(absent, self._patch(self.text_field, "x"))))
        outcomes = self._pair()[1].run_all(flows)
        assert [getattr(each, "id", type(each)) for each in outcomes] == [created[0], Absent, *created[1:]]
