"""From the bytes of an answer to the rows of a page, without decoding the records.

The records stay exactly as the system wrote them: a page is cut into slices, and what the paging needs from around
them is read on the side. Whatever is no listing is ``Garbled``, and the error says what came instead.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw

from tallystick.connectors.http.message import Response
from tallystick.connectors.http.refusal import complaint
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import Garbled
from tallystick.core.path import Path, render
from tallystick.core.record import UNKNOWN, decode_raw, encode_raw

_as_object: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_as_list: Final = msgspec.json.Decoder(list[Raw]).decode
_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_TITLE: Final = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_COMPLAINTS: Final = frozenset({"error", "errors", "fault", "exception"})
_EXCERPT: Final = 120
_BLANK: Final = b" \t\r\n"
_NO_CONTENT: Final = 204


def is_markup(response: Response) -> bool:
    """Tell whether an answer is a web page rather than data."""
    return response.body[:64].lstrip(b"\xef\xbb\xbf" + _BLANK).startswith(b"<")


def json_text(response: Response) -> bytes:
    """Give the body as UTF-8 without byte order mark, whatever the answer says it is written in."""
    body = response.body
    if body.startswith(b"\xef\xbb\xbf"):
        return body[3:]
    if body[:1] in {b"{", b"["} and b"\0" not in body[:4] and not response.headers.mention(b"charset"):
        return body
    named = _CHARSET.search(response.headers.get("content-type") or "")
    charset = named[1].lower() if named else "utf-16" if body[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    if charset in {"utf-8", "utf8", "us-ascii", "ascii"}:
        return body
    try:
        return body.decode(charset).encode()
    except (LookupError, UnicodeDecodeError):
        return body


def dig(text: bytes | Raw, path: Path) -> bytes | None:
    """Give the JSON at ``path``, undecoded; ``None`` where there is none.

    Raises:
        msgspec.DecodeError: the text is not JSON.
    """
    for step in path:
        try:
            if isinstance(step, str):
                inner = _as_object(text).get(step)
            else:
                items = _as_list(text)
                inner = items[step] if step < len(items) else None
        except msgspec.ValidationError:
            return None
        if inner is None:
            return None
        text = inner
    return bytes(text)


@lru_cache(maxsize=512)
def _envelope(path: tuple[str, ...]) -> Callable[[bytes], Any]:
    """Make a decoder that goes down the keys of ``path`` to a list in one pass; twice as fast as key by key."""
    kind: Any = list[Raw]
    for key in reversed(path):
        kind = msgspec.defstruct("Envelope", [("inner", kind, UNSET)], rename={"inner": key})
    decode = msgspec.json.Decoder(kind).decode

    def read(text: bytes) -> Any:
        found = decode(text)
        for _ in path:
            if found is UNSET:
                return UNSET
            found = found.inner
        return found

    return read


@dataclass(frozen=True, slots=True)
class Listing:
    """How to find the rows of one object type: where they are, and where a record has its id."""

    path: Path
    id: Path
    place: str
    scrub: Scrub

    def rows(self, response: Response) -> Sequence[bytes]:
        """Cut an answer into its records.

        Raises:
            Garbled: it is no listing; the error says what it is.
        """
        if response.status == _NO_CONTENT:
            return ()
        text = json_text(response)
        keys = tuple(step for step in self.path if isinstance(step, str))
        if len(keys) == len(self.path):
            try:
                found = _envelope(keys)(text)
            except _UNREADABLE:
                found = UNSET
            if found is not UNSET:
                return list(map(bytes, found))
        return self._other_shapes(response, text)

    def _other_shapes(self, response: Response, text: bytes) -> Sequence[bytes]:
        if is_markup(response):
            raise self._garbled("a web page came instead of records", title(response, self.scrub))
        try:
            msgspec.json.decode(text)
            found = dig(text, self.path)
            if found is None:
                raise self._garbled(f"there is no '{render(self.path)}' in the answer", self._says(text))
            first = found.lstrip(_BLANK)[:1]
            if first == b"[":
                return list(map(bytes, _as_list(found)))
            if first == b"{":
                return self._keyed(_as_object(found), found)
        except _UNREADABLE as cause:
            raise self._garbled("the answer is no complete JSON", self.scrub(str(cause), _EXCERPT)) from cause
        if found == b"null" and self.path:
            # Several languages write an empty list so.
            return ()
        raise self._garbled("the answer holds a single value, not records", f"in '{render(self.path)}'")

    def _keyed(self, found: dict[str, Raw], text: bytes) -> Sequence[bytes]:
        """Read an object where a list was expected: one record, or records by their ids."""
        if self.id and self.id[0] in found:
            return (text,)
        values = [bytes(value) for value in found.values()]
        is_complaint = not _COMPLAINTS.isdisjoint(found)
        if values and not is_complaint and all(value.startswith(b"{") for value in values):
            return [self._with_id(key, value) for key, value in zip(found, values, strict=True)]
        if not found and self.path:
            return ()
        raise self._garbled("an object came instead of a list of records", self._says(text))

    def _with_id(self, key: str, value: bytes) -> bytes:
        if dig(value, self.id) is not None or len(self.id) != 1:
            return value
        record = decode_raw(value)
        return encode_raw({self.id[0]: key} | record)

    def _says(self, text: bytes) -> str:
        """Describe a foreign answer by its own complaint, or by its keys."""
        message, _ = complaint(text, self.scrub)
        if message:
            return f"it says: {message}"
        try:
            keys = list(_as_object(text))
        except msgspec.DecodeError:
            return "it is no object"
        return f"it has {', '.join(self.scrub(key, 40) for key in keys[:8]) or 'no keys'}"

    def _garbled(self, message: str, detail: str) -> Garbled:
        return Garbled(
            message,
            detail=detail,
            hint="correct list.path and list.record in the manifest; if they are right, the system does not answer as "
            "it says (signed out, behind a proxy, an error with status 200)",
            place=self.place,
        )


def title(response: Response, scrub: Scrub) -> str:
    """Give the title of a web page, or its status."""
    found = _TITLE.search(response.body[:20_000])
    text = scrub(found[1].decode("utf-8", "replace"), _EXCERPT) if found else ""
    return f"its title is '{text}'" if text else f"status {response.status}"


def value_at(text: bytes, path: Path) -> Any:
    """Decode the value at ``path`` of a JSON text; ``UNKNOWN`` where there is none or the text is no JSON."""
    try:
        found = dig(text, path)
        return UNKNOWN if found is None else decode_raw(found)
    except _UNREADABLE:
        return UNKNOWN
