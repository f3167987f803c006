"""One operation of a manifest, compiled once: its address, parameters and body, ready to be made into requests.

What is asked for (paging, since, order, filters) replaces what the manifest says of the same name. A call that sends a
body is asked by its body: parameters are written into it at their names, as paths.
"""

import copy
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from tallystick.connectors.http.address import Hosts, add_path, add_query, drop_query, quote_id
from tallystick.connectors.http.body import BOUNDARY, as_text, encode, merge, wrapped
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import InvalidValue, ProjectError
from tallystick.core.path import Path, parse
from tallystick.core.path import write as write_path
from tallystick.core.record import Raw
from tallystick.project.manifest import Operation
from tallystick.project.spelling import (
    JsonText,
    ParameterText,
    fill,
    open_mark,
    rewrite,
    rewrite_texts,
    spell,
    spell_fixed,
)

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_ID: Final = "{id}"
_QUOTED: Final = f"'{_ID}'"
_BODIES: Final = {
    "json": "application/json", "form": "application/x-www-form-urlencoded", "xml": "application/xml; charset=utf-8",
    "multipart": f"multipart/form-data; boundary={BOUNDARY}", "csv": "text/csv; charset=utf-8",
}  # fmt: skip
_ANSWERS: Final = {"json": "application/json", "xml": "application/xml, text/xml", "csv": "text/csv"}
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "MERGE"})
_PLAIN: Final = (str, int, bool, Decimal, type(None))

Parameters = Iterable[tuple[str, Any]]


@dataclass(frozen=True, slots=True, repr=False)
class Surroundings:
    """What all objects of a system share. ``headers`` are sent with every request to it; ``wall`` gives UTC seconds.

    It has no ``repr`` because headers and addresses may carry secrets.
    """

    system: str
    base_url: str
    headers: tuple[tuple[str, str], ...]
    hosts: Hosts
    secret_query: frozenset[str]
    scrub: Scrub
    resolve: Callable[[str], str]
    zone: ZoneInfo
    timeout: float
    in_flight: int
    max_pages: int
    wall: Callable[[], float]


class Call:
    """One operation, ready to be made into requests."""

    __slots__ = (
        "_beside", "_body", "_by_id", "_headers", "_id_type", "_names_id", "_place", "_query", "_quotes", "_templates",
        "_url", "is_asked_by_body", "operation", "record", "wrap",
    )  # fmt: skip

    def __init__(
        self,
        operation: Operation,
        place: str,
        around: Surroundings,
        id_type: Literal["text", "integer", "address"] = "text",
        parents: Sequence[str] = (),
        quotes: Literal["plain", "doubled", "escaped"] = "plain",
    ) -> None:
        self.operation = operation
        self.record = parse(operation.record)
        self.wrap = parse(operation.wrap)
        self.is_asked_by_body = operation.method in _WITH_BODY
        self._place = place
        self._id_type = id_type
        self._quotes = quotes
        self._refuse_unknown_placeholders(parents)
        self._url = add_path(around.base_url, operation.path)
        self._query, self._by_id = _compile_query(operation, around.resolve, parents)
        self._headers = _compile_headers(operation, around)
        self._body: Raw = rewrite_texts(operation.body, around.resolve)
        self._beside: Raw = rewrite_texts(operation.beside, around.resolve)
        self._names_id = fill(self._body, "", _ID) != self._body
        self._templates: dict[frozenset[str], tuple[str, ...]] = {}

    def below(self, parents: Mapping[str, Any], place: str) -> "Call":
        """Give the same call with ids and fields of the records above filled in, by their names in braces."""
        call = copy.copy(self)
        call._place = place  # noqa: SLF001 - its own kind
        call._templates = {}  # noqa: SLF001 - its own kind
        for name, value in parents.items():
            call._fill(f"{{{name}}}", value)  # noqa: SLF001 - its own kind
        return call

    def _fill(self, mark: str, value: Any) -> None:
        if mark in self._url or any(mark in text for _, text in self._query):
            step = quote_id(as_text(value), place=self._place)
            self._url = self._url.replace(mark, step)
            self._query = [(each, text.replace(mark, step)) for each, text in self._query]
        self._by_id = [
            (each, JsonText(document=fill(text.document, value, mark), encoding=text.encoding))
            for each, text in self._by_id
        ]
        self._body = fill(self._body, value, mark)
        self._beside = fill(self._beside, value, mark)

    @property
    def is_addressed(self) -> bool:
        """Whether the path itself names the record, so that nothing else can answer."""
        return _ID in self.operation.path

    def request(
        self,
        record_id: str | None = None,
        *,
        query: Parameters = (),
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
        url: str = "",
        repeatable: bool = False,
    ) -> Request:
        """Make a request; ``url`` replaces the whole address. Writes are not repeatable: the engine settles them."""
        place = self._place if record_id is None else f"{self._place}/{record_id}"
        if not url:
            pairs = [(name, as_text(value)) for name, value in query]
            template = self._template(frozenset([quote(name, safe="[]$") for name, _ in pairs]))
            url = template[0]
            if len(template) > 1:
                named = quoted(record_id or "", self._quotes) if _QUOTED in self.operation.path else record_id or ""
                url = quote_id(named, place=place).join(template)
            if self._by_id:
                typed = self.typed_id(record_id or "")
                pairs = [*((name, text.spell(typed, _ID)) for name, text in self._by_id), *pairs]
            url = add_query(url, pairs)
        return Request(self.operation.method, url, self._headers + headers, body, place, repeatable)

    def ask(self, record_id: str | None = None, parameters: Parameters = (), *, url: str = "") -> Request:
        """Make a request that only reads: parameters go into the query, or into the body of a call that sends one."""
        if not self.is_asked_by_body:
            return self.request(record_id, query=parameters, url=url, repeatable=True)
        asked = copy.deepcopy(self.body({}, record_id))
        for name, value in parameters:
            self._put(asked, name, value)
        sent = encode(self.wrapped(asked, record_id), self.operation.encoding)
        return self.request(record_id, body=sent, url=url, repeatable=True)

    def body(self, over: Raw, record_id: str | None = None) -> Raw:
        """Lay ``over`` on what the manifest sends with every call; the record's id is filled in."""
        under = self._body
        if self._names_id and record_id is not None:
            under = fill(under, self.typed_id(record_id), _ID)
        return merge(under, over)

    def wrapped(self, body: Any, record_id: str | None = None) -> Any:
        """Put a body where the operation wants it, beside what is always sent there."""
        sent = wrapped(body, self.wrap)
        if not self._beside or not isinstance(sent, dict):
            return sent
        return merge(self._beside if record_id is None else fill(self._beside, self.typed_id(record_id), _ID), sent)

    def parameter(self, template: ParameterText, value: Any) -> Any:
        """Spell what is asked for: as text for a query; for a body with its type, and a plain document as itself."""
        typed = value if isinstance(value, _PLAIN) else as_text(value)
        if isinstance(template, str) and (mark := open_mark(template)):
            value = quoted(as_text(value), self._quotes, mark)
        if not self.is_asked_by_body:
            return spell(template, as_text(value) if isinstance(template, str) else typed)
        if isinstance(template, JsonText) and template.encoding == "plain":
            return fill(template.document, typed)
        if template == "{}":
            return typed
        return spell(template, as_text(value) if isinstance(template, str) else typed)

    def fixed_parameter(self, template: ParameterText) -> Any:
        """Spell a parameter that no value is asked for."""
        if self.is_asked_by_body and isinstance(template, JsonText) and template.encoding == "plain":
            return template.document
        return spell_fixed(template)

    def typed_id(self, record_id: str) -> str | int:
        """Give an id as the system types it in a body."""
        return int(record_id) if self._id_type == "integer" and record_id.isdecimal() else record_id

    def _template(self, replaced: frozenset[str]) -> tuple[str, ...]:
        """Give the address around the ids, without the parameters that are asked for anew."""
        found = self._templates.get(replaced)
        if found is None:
            kept = [pair for pair in self._query if pair[0] not in replaced]
            parts = [
                drop_query(self._url, replaced | {unquote(name) for name in replaced}),
                *("=".join(pair) for pair in kept),
            ]
            url = parts[0] + "".join(
                ("&" if at or "?" in parts[0] else "?") + part for at, part in enumerate(parts[1:])
            )
            found = self._templates[replaced] = tuple(url.split(_ID))
        return found

    def _put(self, body: Raw, name: str, value: Any) -> None:
        where = _place_of(name)
        try:
            write_path(body, where, value)
        except (AttributeError, TypeError) as cause:
            raise ProjectError(
                f"the parameter '{name}' does not fit into the body of the operation: something else is on its way",
                hint="correct the name of the parameter, or the body, in the manifest",
                place=self._place,
            ) from cause

    def _refuse_unknown_placeholders(self, parents: Sequence[str]) -> None:
        for name in _PLACEHOLDER.findall(self.operation.path):
            if name != "id" and name not in parents:
                raise ProjectError(
                    f"the path '{self.operation.path}' asks for {{{name}}}, which is not known",
                    hint="write its value into the path; only {id} is filled in, and for an object under "
                    "another one its holder ({order}) and fields of that record ({order.number})",
                    place=self._place,
                )


def quoted(text: str, quotes: str, mark: str = "'") -> str:
    """Write a text for a place between quotation marks, so that it cannot end there."""
    if quotes == "doubled":
        return text.replace(mark, mark * 2)
    return text.replace("\\", "\\\\").replace(mark, f"\\{mark}") if quotes == "escaped" else text


def _compile_query(
    operation: Operation, resolve: Callable[[str], str], parents: Sequence[str]
) -> tuple[list[tuple[str, str]], list[tuple[str, JsonText]]]:
    """Give the parameters of the address, quoted, and the documents that an id is filled into, each time anew."""
    fixed: list[tuple[str, str]] = []
    marks = [_ID, *(f"{{{name}}}" for name in parents)]
    by_id: list[tuple[str, JsonText]] = []
    for name, value in operation.query.items():
        for one in value if isinstance(value, tuple) else (value,):
            template = rewrite(one, resolve)
            if isinstance(template, JsonText) and any(
                fill(template.document, "", m) != template.document for m in marks
            ):
                by_id.append((name, template))
                continue
            # Only the placeholder itself stays unquoted, so that addresses can be cut at it.
            text = quote(spell_fixed(template), safe="")
            for mark in marks:
                text = text.replace(quote(mark, safe=""), mark)
            fixed.append((quote(name, safe="[]$"), text))
    return fixed, by_id


def _compile_headers(operation: Operation, around: Surroundings) -> tuple[tuple[str, str], ...]:
    has_body = operation.method in _WITH_BODY
    headers: dict[str, tuple[str, str]] = {"accept": ("Accept", _ANSWERS[operation.answer])}
    if has_body:
        headers["content-type"] = ("Content-Type", _BODIES[operation.encoding])
    own = ((name, spell_fixed(rewrite(value, around.resolve))) for name, value in operation.headers.items())
    for name, value in (*around.headers, *own):
        if has_body or name.lower() != "content-type":
            headers[name.lower()] = (name, value)
    return tuple(headers.values())


@lru_cache(maxsize=512)
def _place_of(name: str) -> Path:
    """Read the name of a parameter as a path in a body; one that is no path is a key."""
    try:
        return parse(name) or (name,)
    except InvalidValue:
        return (name,)
