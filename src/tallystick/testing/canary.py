"""Records of our own in a system that holds others: what they look like, and a connector that sees nothing else.

A law of the conformance suite expects an empty system. In a system that is in use, the canaries of a law are all it
gets to see, and all it can have left behind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from unittest import SkipTest

from tallystick.core.error import DataError, Error
from tallystick.core.path import Path, parse, read
from tallystick.core.path import write as write_path
from tallystick.core.ports import Capabilities, Connector, Flow, NotThere, Page, Position, Sighting, Update, Written
from tallystick.core.record import UNKNOWN, Raw
from tallystick.core.schema import ObjectType
from tallystick.project.manifest import FieldSpec, ObjectSpec

# What systems look at closely, so that free text does not fit.
_PECULIAR: Final = (
    "mail",
    "phone",
    "url",
    "website",
    "domain",
    "country",
    "currency",
    "iban",
    "vat",
    "tax",
    "zip",
    "lang",
)
_DATE: Final = "2026-01-15"
_BY_TYPE: Final[dict[str, Any]] = {
    "boolean": False,
    "date": _DATE,
    "instant": f"{_DATE}T12:00:00Z",
    "local_time": f"{_DATE}T12:00:00",
    "list": [],
    "object": {},
}


def text_fields(spec: ObjectSpec) -> tuple[str, ...]:
    """Name the fields that take free text, the likeliest first."""
    plain = [path for path, field in spec.fields.items() if _takes_free_text(path, field)]
    return tuple(sorted(plain, key=lambda path: (spec.fields[path].unique, not spec.fields[path].required)))


def _takes_free_text(path: str, field: FieldSpec) -> bool:
    is_open = field.type in {"text", "any"} and not (field.options or field.options_from or field.reference)
    is_plain = not (field.pattern or field.format) and not any(word in path.lower() for word in _PECULIAR)
    return is_open and is_plain and not (field.read_only or field.create_only)


def plain_field(spec: ObjectSpec, kind: str, besides: str) -> str:
    """Name a field of a type that can be set to anything of its type and may be blank; empty if there is none."""
    for path, field in spec.fields.items():
        is_settable = not (field.read_only or field.create_only or field.required or field.unique)
        is_free = not (field.options or field.options_from or field.reference or field.pattern)
        # What is called an id points to something, even where the manifest does not say to what.
        is_free = is_free and not path.lower().endswith("id")
        is_plain = kind != "text" or _takes_free_text(path, field)
        if path != besides and field.type == kind and field.nullable and is_settable and is_free and is_plain:
            return path
    return ""


def canary_body(spec: ObjectSpec, text_field: str, token: str, number: int, given: Raw) -> Raw:
    """Make a valid record as far as the manifest tells: what is required or unique, the text field, and ``given``.

    Different numbers give different records; ``token`` tells the canaries of one trial from all others.
    """
    body: Raw = {}
    for path, field in spec.fields.items():
        if path == text_field or (not field.read_only and (field.required or field.unique)):
            write_path(body, parse(path), _value(path, field, token, number))
    for path, value in given.items():
        write_path(body, parse(path), value)
    return body


def _value(path: str, field: FieldSpec, token: str, number: int) -> Any:
    if field.options:
        return next(iter(field.options))
    if field.type in _BY_TYPE:
        return _BY_TYPE[field.type]
    least = int(field.minimum or 0)
    if field.type == "integer":
        return least + number
    if field.type == "number":
        return Decimal(least + number)
    if "mail" in path.lower():
        return f"{token}-{number}@example.com"
    if "phone" in path.lower():
        return f"+4930{int(token, 36) % 10**6:06d}{number % 1000:03d}"
    # The number is in front, so that a short field still tells the records apart.
    return f"{number} canary {token}"[: field.max_length or None]


@dataclass(slots=True)
class Canaries:
    """A connector that shows the records made through it, and no others.

    ``salt`` sets idempotency keys apart, which systems remember for days, from those of other laws and trials.
    ``since`` narrows listings of a large object to what changed since then; without it, ``is_large`` skips the law.
    """

    inner: Connector
    own: set[str]
    salt: str = ""
    is_large: bool = False
    since: float | None = None

    def objects(self) -> tuple[str, ...]:
        """Name the object types."""
        return self.inner.objects()

    def schema(self, object_name: str) -> ObjectType:
        """Describe one object type."""
        return self.inner.schema(object_name)

    def capabilities(self, object_name: str) -> Capabilities:
        """Say what can be done with an object type."""
        return self.inner.capabilities(object_name)

    def read(
        self,
        object_name: str,
        since: float | None = None,
        position: Position | None = None,
        page_size: int | None = None,
    ) -> Flow[Page]:
        """Read one page, without the records of others."""
        if self.is_large and since is None and self.since is None:
            raise SkipTest("there are too many records to list them again and again, and no filter by time of change")
        return self._read(object_name, self.since if since is None else since, position, page_size)

    def _read(
        self, object_name: str, since: float | None, position: Position | None, page_size: int | None
    ) -> Flow[Page]:
        page = yield from self.inner.read(object_name, since, position, page_size)
        return replace(page, rows=[row for row in page.rows if self._is_own(object_name, row)])

    def _is_own(self, object_name: str, row: bytes) -> bool:
        try:
            return self.inner.sight(object_name, row).id in self.own
        except DataError:
            return False

    def sight(self, object_name: str, row: bytes) -> Sighting:
        """Decode one row of a page."""
        return self.inner.sight(object_name, row)

    def get(self, object_name: str, record_id: str) -> Flow[Sighting | NotThere]:
        """Read one record by id."""
        return self.inner.get(object_name, record_id)

    def find(self, object_name: str, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
        """Find records by a field's value."""
        return self.inner.find(object_name, path, value)

    def create(self, object_name: str, body: Raw, key: str) -> Flow[Written]:
        """Create one record, which is ours from then on."""
        written = yield from self.inner.create(object_name, body, f"{self.salt}{key}")
        self.own.add(written.id)
        return written

    def update(self, object_name: str, update: Update) -> Flow[Written]:
        """Change one record of ours."""
        self._refuse_others([update.id])
        return self.inner.update(object_name, update)

    def delete(self, object_name: str, record_id: str, version: str | None = None) -> Flow[None]:
        """Delete one record of ours."""
        self._refuse_others([record_id])
        return self.inner.delete(object_name, record_id, version)

    def create_many(self, object_name: str, bodies: Sequence[tuple[Raw, str]]) -> Flow[Sequence[Written | Error]]:
        """Create several, which are ours from then on."""
        salted = [(body, f"{self.salt}{key}") for body, key in bodies]
        outcomes = yield from self.inner.create_many(object_name, salted)
        self.own.update(each.id for each in outcomes if isinstance(each, Written))
        return outcomes

    def update_many(self, object_name: str, updates: Sequence[Update]) -> Flow[Sequence[Written | Error]]:
        """Change several records of ours."""
        self._refuse_others(each.id for each in updates)
        return self.inner.update_many(object_name, updates)

    def _refuse_others(self, ids: Iterable[str]) -> None:
        # The last line of defence: whatever a law does, nobody's record but its own is touched.
        assert self.own.issuperset(ids), "a law wanted to change a record that it has not made"


def lacking_fields(spec: ObjectSpec, given: Raw) -> tuple[str, ...]:
    """Name the required fields whose value cannot be made up: references and documents."""
    return tuple(
        path
        for path, field in spec.fields.items()
        if field.required
        and not field.read_only
        and (field.reference or field.options_from or field.type in {"object", "list"})
        and path not in given
        and read(given, parse(path)) in (UNKNOWN, None)
    )
