"""The laws of writing: creates, updates and deletes, alone and many at once, and values that survive."""

from collections.abc import Sequence
from typing import Any

from tallystick.core.error import Absent, Duplicate, Refused, Stale
from tallystick.core.path import parse, read
from tallystick.core.ports import Update, Written
from tallystick.core.record import UNKNOWN, Raw
from tallystick.testing.conformance_subject import Subject, expect


class WritingLaws(Subject):
    """What every write must keep."""

    def test_what_is_created_can_be_read(self) -> None:
        """The created record has an id and the values it was given; an answer that carries it tells the same."""
        body = self.body(1)
        written = self._run(self._connector.create(self.object_name, body, "key"))
        [listed] = self._sightings(self._pages())
        assert listed.id == written.id
        assert self._holding(body, listed.record) == body
        if self._claims.returns_record:
            assert written.stored is not None
            assert written.stored.record == listed.record
            assert listed.version in {None, written.stored.version}

    def test_an_update_changes_only_the_patch(self) -> None:
        """Nothing but the patched field, and what the system keeps itself, is different afterwards."""
        self._needs(self._claims.update, "update")
        first, second = self._create_some(2)
        before, other = self._get(first), self._get(second)
        patch = self._patch(self.text_field, "changed")
        written = self._run(
            self._connector.update(self.object_name, Update(first, patch, before.version, before.record))
        )
        after = self._get(first)
        assert read(after.record, parse(self.text_field)) == "changed"
        assert self._kept(after.record) == self._kept(before.record)
        assert self._get(second) == other
        # Where reading by id is a search, the version comes from elsewhere before a write.
        if self._claims.version in {"etag", "field"} and before.version is not None:
            assert after.version != before.version
        if self._claims.returns_record:
            assert written.stored == after

    def test_a_stale_update_or_delete_is_refused(self) -> None:
        """What somebody else wrote meanwhile is not overwritten."""
        self._needs(self._claims.cas_write and self._claims.update, "conditional writes")
        [record_id] = self._create_some(1)
        seen = self._get(record_id)
        patch = self._patch(self.text_field, "theirs")
        self._run(self._connector.update(self.object_name, Update(record_id, patch, seen.version, seen.record)))
        ours = Update(record_id, self._patch(self.text_field, "ours"), seen.version, seen.record)
        expect(Stale, lambda: self._run(self._connector.update(self.object_name, ours)))
        assert read(self._get(record_id).record, parse(self.text_field)) == "theirs"
        if self._claims.delete and seen.version is not None:
            expect(Stale, lambda: self._run(self._connector.delete(self.object_name, record_id, seen.version)))
            assert not self._gone(record_id)

    def test_a_deleted_record_is_gone(self) -> None:
        """It is not read, not listed, and cannot be written or deleted again."""
        self._needs(self._claims.delete and self._claims.read_by_id, "deletion, reading by id")
        record_id, other = self._create_some(2)
        self._run(self._connector.delete(self.object_name, record_id, self._get(record_id).version))
        assert self._gone(record_id)
        assert self._ids(self._pages()) == [other]
        expect(Absent, lambda: self._run(self._connector.delete(self.object_name, record_id)))

    def test_what_is_not_there_cannot_be_updated(self) -> None:
        """An update never creates."""
        self._needs(self._claims.update and self._claims.delete, "update, deletion")
        update = Update(self._absent_id(), self._patch(self.text_field, "x"))
        expect(Absent, lambda: self._run(self._connector.update(self.object_name, update)))
        assert self._ids(self._pages()) == []

    def test_a_duplicate_is_refused_as_such(self) -> None:
        """A create that breaks a unique key says so, and leaves nothing behind."""
        self._needs(self.unique_field, "a unique field")
        [record_id] = self._create_some(1)
        twin = self._with(1, self.unique_field, read(self.body(0), parse(self.unique_field)))
        expect(Duplicate, lambda: self._run(self._connector.create(self.object_name, twin, "another key")))
        assert self._ids(self._pages()) == [record_id]

    def test_an_idempotency_key_prevents_the_second_record(self) -> None:
        """The same key and body again give the first record."""
        self._needs(self._claims.create_idem == "key", "idempotency keys")
        first = self._create(self.body(1), "one key")
        assert self._create(self.body(1), "one key") == first
        assert self._ids(self._pages()) == [first]

    def test_many_creates_have_an_outcome_each(self) -> None:
        """One bad record in the middle fails alone; the others are there, in order."""
        self._needs(self._claims.bulk, "bulk writes")
        bad = self.bad_body()
        self._needs(bad is not None, "a body that is refused")
        for count in (3, min(60, self._claims.bulk)):
            start = 100 * count
            bodies: list[Raw] = [self.body(start + number) for number in range(count)]
            bodies[count // 2] = bad or {}
            keyed = [(body, f"key {start + number}") for number, body in enumerate(bodies)]
            outcomes = self._run(self._connector.create_many(self.object_name, keyed))
            assert len(outcomes) == count
            for number, (body, outcome) in enumerate(zip(bodies, outcomes, strict=True)):
                if number == count // 2:
                    assert isinstance(outcome, Refused), outcome
                    continue
                assert isinstance(outcome, Written), outcome
                path = parse(self.text_field)
                assert read(self._get(outcome.id).record, path) == read(body, path)
        assert len(self._ids(self._pages())) == sum(count - 1 for count in (3, min(60, self._claims.bulk)))

    def test_many_updates_have_an_outcome_each(self) -> None:
        """One record that is not there, and one that somebody else changed, do not keep the others back."""
        self._needs(self._claims.bulk and self._claims.update and self._claims.delete, "bulk writes, update, deletion")
        absent = self._absent_id()
        for count in (4, min(60, self._claims.bulk)):
            created = [self._create(self.body(1000 * count + number)) for number in range(count)]
            seen = [self._get(each) for each in created]
            updates = [
                Update(each.id, self._patch(self.text_field, f"new {each.id}"), each.version, each.record)
                for each in seen
            ]
            updates[1] = Update(absent, self._patch(self.text_field, "x"))
            if self._claims.cas_write:
                self._run(
                    self._connector.update(self.object_name, Update(created[2], self._patch(self.text_field, "theirs")))
                )
            outcomes = self._run(self._connector.update_many(self.object_name, updates))
            expected = [Written, Absent, Stale if self._claims.cas_write else Written, *[Written] * (count - 3)]
            assert [type(each) for each in outcomes] == expected
            for number in (0, *range(3, count)):
                assert read(self._get(created[number]).record, parse(self.text_field)) == f"new {created[number]}"

    def test_an_unknown_field_is_refused(self) -> None:
        """What the system would silently drop must not look as if it had been written."""
        self._needs(self.refuses_unknown_fields, "refusing unknown fields")
        error = expect(Refused, lambda: self._create(self.body(1) | {"no_such_field": 1}))
        assert error.field == "no_such_field"
        assert self._ids(self._pages()) == []

    def test_texts_survive(self) -> None:
        """Every character comes back: umlauts, other scripts, emoji, quotes, line ends."""
        self._survive(self.text_field, self.texts)

    def test_integers_survive(self) -> None:
        """Integers beyond what a double holds come back exactly."""
        self._needs(self.integer_field, "an integer field")
        self._survive(self.integer_field, self.integers)

    def test_decimals_survive(self) -> None:
        """Decimals come back exactly and are no binary fractions."""
        self._needs(self.number_field, "a decimal field")
        self._survive(self.number_field, self.numbers)

    def test_blank_missing_and_empty_are_told_apart(self) -> None:
        """A field left out is blank or unknown, null clears, and an empty text is a text."""
        self._needs(self.nullable_field and self._claims.update, "a field that may be blank, update")
        path = parse(self.nullable_field)
        record_id = self._create(self.body(1))
        assert read(self._get(record_id).record, path) in {None, UNKNOWN}
        for value in ("filled", *([""] if self.keeps_empty_text else []), None):
            seen = self._get(record_id)
            patch = self._patch(self.nullable_field, value)
            self._run(self._connector.update(self.object_name, Update(record_id, patch, seen.version, seen.record)))
            stored = read(self._get(record_id).record, path)
            is_left_out = value is None and stored is UNKNOWN and self._claims.omits_blank
            assert is_left_out or stored == value

    def _survive(self, path: str, values: Sequence[Any]) -> None:
        for number, value in enumerate(values):
            record_id = self._create(self._with(number, path, value))
            stored = read(self._get(record_id).record, parse(path))
            assert stored == value, f"{value!r} came back as {stored!r}"
            assert not isinstance(stored, float)
