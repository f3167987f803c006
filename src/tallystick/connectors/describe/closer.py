"""Look closer at the listings of a system that nothing describes: by some more reading requests, one at a time.

One record by its id, smaller pages, the page after, what changed since an instant, and an order are asked for in the
words that systems use for them. Only what an answer shows is believed: a word that is not heard changes nothing, and
stays out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from tallystick.connectors.describe.closer_paging import NUMBERED, Asked, Shown, find_pages
from tallystick.connectors.describe.closer_sort import find_sort
from tallystick.connectors.describe.closer_writes import find_writes
from tallystick.connectors.describe.samples import Sample, object_name
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.rows import json_text, value_at
from tallystick.core.path import Path, parse, read, render
from tallystick.project.manifest import Fact, Manifest, ObjectSpec, Operation, Since
from tallystick.project.manifest_paging import NextUrlPaging, NoPaging, OffsetPaging, PagePaging, Paging


class Ask(Protocol):
    """Makes one request that changes nothing; ``None`` where nothing comes."""

    def __call__(self, url: str, method: Literal["GET", "OPTIONS"] = "GET") -> Response | None:
        """Ask an address."""


_SINCE: Final = (
    "{f}[gte]", "{f}__gte", "{f}_gte", "updated_since", "modified_since", "updated_after", "modified_after", "since",
    "{f}_since", "{f}_after", "{f}_min", "updatedSince", "modifiedSince", "updatedAfter", "{f}_from",
    "filter[{f}][gte]", "filter[{f}][_gte]", "filter[updated_since]", "{f}From", "changed_since", "min_{f}",
)  # fmt: skip
_TEMPLATES: Final = (("{f}", "gte:{}"), ("{f}", ">={}"), ("$filter", "{f} ge {}"), ("filter", "{f}:gte:{}"))
_BY_CHANGE: Final = ("updated", "modified", "changed")


@dataclass(slots=True)
class _Listing:
    """One object while it is looked at: its listing's address, its records as they were listed first."""

    spec: ObjectSpec
    url: str
    records: Path
    id: Path
    rows: list[dict[str, Any]]
    ask: Ask

    def ids(self, rows: Sequence[Any]) -> list[Any]:
        return [read(row, self.id) if isinstance(row, dict) else None for row in rows]

    def get(self, more: dict[str, str]) -> Asked:
        """Ask the listing with some more parameters."""
        query = urlencode([*((name, value) for name, value in self.fixed.items() if name not in more), *more.items()])
        response = self.ask(f"{self.url}?{query}" if query else self.url)
        if response is None or not response.succeeded:
            return Asked(response.status if response is not None else 0)
        answer = value_at(json_text(response), ())
        rows = read(answer, self.records)
        return Asked(response.status, response, answer, self.ids(rows) if isinstance(rows, list) else None)

    def first(self, get: Operation) -> str:
        """Give the address at which ``get`` reads the record that is listed first."""
        end = "/" if get.path.endswith("/") else ""
        return f"{self.url.rstrip('/')}/{quote(str(read(self.rows[0], self.id)), safe='')}{end}"

    @property
    def fixed(self) -> dict[str, str]:
        """What every call of the listing is asked with."""
        given = self.spec.list.query if self.spec.list else {}
        return {name: value for name, value in given.items() if isinstance(value, str)}


def look_closer(manifest: Manifest, samples: Sequence[Sample], ask: Ask) -> Manifest:
    """Confirm and complete what samples show.

    At most about eighty requests are made for an object, mostly far fewer.
    """
    facts, notes, objects = dict(manifest.facts), list(manifest.notes), dict(manifest.objects)
    for sample in samples:
        name = object_name(sample.url)
        spec = objects[name]
        address = urlsplit(sample.url)
        operation = spec.list or Operation(method="GET", path="")
        listing = _Listing(spec, f"{address.scheme}://{address.netloc}{address.path}", parse(operation.record),
                           parse(spec.id), [], ask)  # fmt: skip
        answer = value_at(json_text(sample.response), ())
        rows = read(answer, listing.records)
        listing.rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        found = _one_record(listing)
        shown = _pages(listing, sample.response) if isinstance(spec.paging, NoPaging) else None
        if shown is not None and shown.is_sure:
            found["paging"] = shown.paging, shown.why
        if spec.modified and spec.since is None:
            found |= _changes(listing)
        paging = shown.paging if shown is not None else spec.paging
        if spec.sort is None and (isinstance(paging, PagePaging | OffsetPaging) or _counts(paging, answer)):
            found |= _order(listing, by_change="since" in found or spec.since is not None)
        objects[name] = spec.model_copy(update={key: value for key, (value, _) in found.items()})
        facts |= {f"objects.{name}.{key}": Fact(label="confirmed", because=why) for key, (_, why) in found.items()}
        if get := found.get("get", (None, ""))[0]:
            told = find_writes(objects[name], ask(listing.url, "OPTIONS"), ask(listing.first(get), "OPTIONS"))
            objects[name] = objects[name].model_copy(update={key: value for key, (value, _) in told.items()})
            facts |= {f"objects.{name}.{key}": Fact(label="declared", because=why) for key, (_, why) in told.items()}
        if "get" in found and found["get"][0] is None:
            facts.pop(f"objects.{name}.get")
            notes.append(f"{name}: {found['get'][1]}")
        if shown is not None and not shown.is_sure:
            objects[name] = objects[name].model_copy(update={"paging": shown.paging})
            notes.append(f"{name}: {shown.why}")
        if "paging" in found:
            notes = [note for note in notes if not note.startswith(f"{name}: the sample shows no way")]
    return manifest.model_copy(update={"objects": objects, "facts": facts, "notes": tuple(notes)})


def _one_record(listing: _Listing) -> dict[str, tuple[Any, str]]:
    """Read a listed record by its id: the same record comes, alone or in something."""
    if not listing.rows or listing.spec.id_type == "address" or listing.spec.get is None:
        return {}
    wanted, get = read(listing.rows[0], listing.id), listing.spec.get
    response, query = listing.ask(listing.first(get)), {}
    if get.path.endswith("/") and (response is None or not response.succeeded):
        get = get.model_copy(update={"path": get.path.rstrip("/")})
        response = listing.ask(listing.first(get))
    address = listing.first(get)
    if listing.fixed and (response is None or not response.succeeded):
        # Some systems want a parameter with every call, such as their version.
        response, query = listing.ask(f"{address}?{urlencode(listing.fixed)}"), listing.fixed
    if response is None or not response.succeeded:
        status = f"HTTP {response.status}" if response is not None else "no answer"
        return {"get": (None, f"a record is not read at {{listing}}/{{id}} ({status}); set get if there is a way")}
    answer = value_at(json_text(response), ())
    for path in _wraps(answer):
        if isinstance(one := read(answer, path), dict) and str(read(one, listing.id)) == str(wanted):
            spec = get.model_copy(update={"record": render(path), "query": query})
            return {"get": (spec, f"GET .../{wanted} gave that record")}
    return {"get": (None, "what is answered below the listing is not the record; set get if there is a way")}


def _wraps(answer: Any) -> Iterator[Path]:
    yield ()
    if isinstance(answer, dict):
        yield from ((key,) for key, value in answer.items() if isinstance(value, dict))
        yield from ((key, 0) for key, value in answer.items() if isinstance(value, list) and len(value) == 1)
    if isinstance(answer, list) and len(answer) == 1:
        yield (0,)


def _pages(listing: _Listing, sample: Response) -> Shown | None:
    """Find how the listing goes on behind the records that it showed."""
    plain = Asked(sample.status, sample, value_at(json_text(sample), ()), listing.ids(listing.rows))
    return find_pages(listing.ids(listing.rows), plain, listing.id, listing.get)


def _counts(paging: Paging, answer: Any) -> bool:
    """Whether the address of the next page names it by a number, so that pages shift as those of numbers do."""
    address = read(answer, parse(paging.next)) if isinstance(paging, NextUrlPaging) else None
    return isinstance(address, str) and any(name in NUMBERED for name, _ in parse_qsl(urlsplit(address).query))


def _order(listing: _Listing, *, by_change: bool) -> dict[str, tuple[Any, str]]:
    """Ask for the order in which pages do not shift: that of the changes where those are read, else that of the ids."""
    path = parse(listing.spec.modified) if by_change else listing.id
    if len(path) != 1 or not isinstance(path[0], str):
        return {}

    def values(asked: dict[str, str]) -> list[Any]:
        rows = read(listing.get(asked).answer, listing.records)
        return [read(row, path) if isinstance(row, dict) else None for row in rows] if isinstance(rows, list) else []

    found = find_sort(path[0], values)
    return {"sort": found} if found is not None else {}


def _changes(listing: _Listing) -> dict[str, tuple[Any, str]]:
    """Ask for what changed since an instant in the middle: exactly those that are older must be missing."""
    path, field = parse(listing.spec.modified), listing.spec.modified
    times = {str(i): read(row, path) for i, row in zip(listing.ids(listing.rows), listing.rows, strict=True)}
    if any(not isinstance(each, str | int) for each in times.values()) or len(set(times.values())) < 3:  # noqa: PLR2004
        return {}
    ordered = sorted(set(times.values()), key=str)
    middle = ordered[len(ordered) // 2]
    newer = {i for i, each in times.items() if str(each) > str(middle)}
    older = {i for i, each in times.items() if str(each) < str(middle)}
    words = [(name.format(f=field), "{}") for name in _SINCE]
    words += [(name.format(f=field), how.replace("{f}", field)) for name, how in _TEMPLATES]
    for name, template in words:
        if not (field in name + template or _tells_changes(name, listing, newer, str(middle))):
            continue
        shown = {str(each) for each in listing.get({name: template.replace("{}", str(middle))}).ids or ()}
        if shown and newer <= shown and not shown & older:
            inclusive = any(str(times.get(each)) == str(middle) for each in shown)
            since = Since(param=name, template=template, format=listing.spec.modified_format, inclusive=inclusive)
            return {"since": (since, f"{name} with {middle} left out the {len(older)} that are older, and nobody else")}
    return {}


def _tells_changes(name: str, listing: _Listing, newer: set[str], middle: str) -> bool:
    """Whether a word that does not name the field could not be about creation all the same.

    A record that was made before the instant and changed after it tells the two apart, if it is shown.
    """
    if not listing.spec.created:
        return any(word in name.lower() for word in _BY_CHANGE)
    made = {
        str(i): str(read(row, parse(listing.spec.created)))
        for i, row in zip(listing.ids(listing.rows), listing.rows, strict=True)
    }
    return any(made[each] < middle for each in newer)
