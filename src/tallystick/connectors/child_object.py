"""One object whose records lie below others: how they are told apart, and what they look like.

id      where ids are only distinct below one parent: the parent's id and the record's own, as ``17/5``; else its own
record  as the system shows it, with the parent's id as text beside its fields
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Final, Protocol, runtime_checkable

from tallystick.connectors.child_chain import Chain, Said, join, split
from tallystick.connectors.sighting import scalar_text
from tallystick.core.error import DataError, ProjectError, Refused
from tallystick.core.ports import Capabilities, Connector, Flow, Sighting
from tallystick.core.record import Raw, decode_raw, encode_raw
from tallystick.project.children import mentions, shares_ids
from tallystick.project.manifest import Manifest

_FAULT: Final = b'"'  # what begins a row that is a message and no record
_ORDERS: Final = ("offset", "snapshot", "cursor", "keyset")  # the weakest first


@runtime_checkable
class Scoped(Protocol):
    """A connector whose calls can be filled with ids and fields of the records above."""

    def below(self, parents: Mapping[str, str | int]) -> Connector:
        """Give the same system as it is seen below one record."""


class Branch:
    """One object below another one. ``above`` reads the parents, ``inner`` what lies below one of them."""

    def __init__(self, name: str, manifest: Manifest, inner: Connector, above: Connector, system: str) -> None:
        objects = manifest.objects
        spec = objects[name]
        assert spec.under is not None  # the caller chose it for that
        if not isinstance(inner, Scoped):
            raise ProjectError(
                f"objects of protocol {manifest.protocol} cannot lie under others",
                hint="remove 'under'; use inside, or parts",
                place=f"{system}/{name}",
            )
        self.name = name
        self.place = f"{system}/{name}"
        self.inner = inner
        self.above = above
        self.parent = spec.under.object
        self.holder = spec.under.holder
        self.shows_changes = spec.under.shows_changes
        self.shares_ids = shares_ids(name, objects)
        self._scoped: Scoped = inner
        self.chain = Chain(name, objects, above, self.place)
        self._keeps_holder = spec.create is not None and not mentions(spec.create, self.holder)

    def below(
        self, parent_id: str, said: Said | None = None, known: MutableMapping[str, Said] | None = None
    ) -> Flow[Connector]:
        """Give the system as it is seen below one record. ``said`` and ``known`` are those of ``Chain.fill``."""
        return self._scoped.below((yield from self.chain.fill(parent_id, said, known)))

    def part(self, record_id: str) -> tuple[str, str]:
        """Take an id apart: that of the parent, empty where it is not in there, and the record's own."""
        return split(record_id) if self.shares_ids else ("", record_id)

    def lacks_parent(self, parent_id: str) -> bool:
        """Tell whether an id that should name a parent does not, so that no such record can be."""
        return self.shares_ids and not parent_id

    def around(self, parent_id: str) -> Flow[Connector]:
        """Give the system below a parent, or as a whole where ids name none."""
        return (yield from self.below(parent_id)) if parent_id else self.inner

    def id_of(self, parent_id: str, own: str) -> str:
        """Give the id of a record by its parent's and its own."""
        return join(parent_id, own) if self.shares_ids else own

    def mark(self, row: bytes, parent_id: str) -> bytes:
        """Write the parent's id into a row of a listing."""
        text = row.strip()
        if not text.startswith(b"{") or not text.endswith(b"}"):
            return row
        before = text[:-1].rstrip()
        return before + (b"" if before == b"{" else b",") + encode_raw({self.holder: parent_id})[1:]

    def decode(self, row: bytes) -> Sighting:
        """Decode one row. Raises ``DataError`` for what is no record, has no id, or says that rows are missing."""
        if row.startswith(_FAULT):
            raise DataError("a listing is not whole", detail=str(decode_raw(row)), place=self.place)
        seen = self.inner.sight(self.name, row)
        return self.show(seen, str(seen.record.get(self.holder, "")))

    def show(self, seen: Sighting, parent_id: str) -> Sighting:
        """Show a record with its place: below ``parent_id``, or where it says itself if that is empty."""
        said = scalar_text(seen.record.get(self.holder))
        holder = parent_id or said
        record = seen.record if holder is None else {**seen.record, self.holder: holder}
        return _changed(seen, self.id_of(parent_id, seen.id), record)

    def own(self, body: Raw, *, parent_id: str = "", is_new: bool = False) -> Raw:
        """Give what is sent of a record: without its parent, unless the address does not name that.

        Raises:
            Refused: the record is to move to another parent.
        """
        said = body.get(self.holder)
        if not is_new and parent_id and said is not None and str(said) != parent_id:
            raise Refused(
                "a record cannot move to another parent",
                hint="delete it there and create it here",
                place=self.place,
                field=self.holder,
            )
        if is_new and self._keeps_holder:
            return {**body, self.holder: self.chain.nearest.typed(str(said))}
        return {name: value for name, value in body.items() if name != self.holder}

    def parent_of(self, body: Raw) -> str:
        """Say below which record a new one belongs. Raises ``Refused`` where nothing says it."""
        found = scalar_text(body.get(self.holder))
        if found is None:
            raise Refused(
                f"nothing says below which {self.parent} record the new one belongs",
                hint=f"map a field to '{self.holder}': a reference to the mapping of {self.parent}",
                place=self.place,
                field=self.holder,
            )
        return found

    def capabilities(self) -> Capabilities:
        """Say what can be done: what the calls can, the weaker of parent and child where both matter."""
        can, parent = self.inner.capabilities(self.name), self.above.capabilities(self.parent)
        return replace(
            can,
            since=can.since or (self.shows_changes and parent.since),
            read_by_id=can.read_by_id or self.shares_ids,
            sort=False,
            searchable=(self.holder,),
            consistency=max(can.consistency, parent.consistency),
            late_commit=max(can.late_commit, parent.late_commit),
            granularity=max(can.granularity, parent.granularity),
            skew=max(can.skew, parent.skew),
            list_order=min(can.list_order, parent.list_order, key=_ORDERS.index),
            bulk=0,
            shares_key=False,
        )


def _changed(seen: Sighting, record_id: str, record: Raw) -> Sighting:
    return Sighting(record_id, record, seen.version, seen.modified, seen.created, seen.deleted, None, seen.fault)


def fault_row(message: str) -> bytes:
    """Make a row that is no record: it counts as one that cannot be read, so nothing is taken for absent."""
    return encode_raw(message)
