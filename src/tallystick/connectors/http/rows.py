"""From the bytes of an answer to the rows of a page, without decoding the records.

The records stay exactly as the system wrote them: a page is cut into slices, and what the paging needs from around
them is read on the side. Whatever is no listing is ``Garbled``, and the error says what came instead.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw

from tallystick.connectors.http.message import Response
from tallystick.connectors.http.refusal import complaint
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import Garbled
from tallystick.core.path import Path, Step, read, render
from tallystick.core.record import UNKNOWN, decode_raw, encode_raw

_as_object: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_as_list: Final = msgspec.json.Decoder(list[Raw]).decode
_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_TITLE: Final = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_COMPLAINTS: Final = frozenset({"error", "errors", "fault", "exception"})
_EXCERPT: Final = 120
_PLAIN_KEY: Final = re.compile(r'[^"\\\x00-\x1f]*')  # what can be looked for without undoing JSON's escapes
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
def _envelope(path: Path, beside: tuple[Path, ...]) -> Callable[[bytes], tuple[Any, dict[Path, Any]]]:
    """Make a decoder that takes the list at ``path`` and the values ``beside`` it out of a text in one pass.

    To go down key by key would read the text once more for each of them. What is not there is ``UNSET``.
    """
    apart = [path]
    for other in beside:
        # A value that holds another one, or that is a place in a list, is left to ``dig``.
        is_apart = all(other[: len(taken)] != taken and taken[: len(other)] != other for taken in apart)
        if is_apart and _has_plain_keys(other):
            apart.append(other)
    decode = msgspec.json.Decoder(_shape([(path, list[Raw]), *((other, Raw) for other in apart[1:])])).decode

    def read(text: bytes) -> tuple[Any, dict[Path, Any]]:
        found = decode(text)
        return _inner(found, path), {other: _inner(found, other) for other in apart[1:]}

    return read


def _shape(wanted: Sequence[tuple[Path, Any]]) -> Any:
    """Make a type that has values of the wanted types at these paths, each of which may be missing."""
    if not wanted[0][0]:
        return wanted[0][1]
    inside: dict[Step, list[tuple[Path, Any]]] = {}
    for (key, *rest), kind in wanted:
        inside.setdefault(key, []).append((tuple(rest), kind))
    fields = [(_slot(key), _shape(more) | None if more[0][0] else _shape(more), UNSET) for key, more in inside.items()]
    return msgspec.defstruct("Envelope", fields, rename={_slot(key): str(key) for key in inside})


def _has_plain_keys(path: Path) -> bool:
    return all(isinstance(step, str) and _PLAIN_KEY.fullmatch(step) for step in path)


def _inner(found: Any, path: Path) -> Any:
    for key in path:
        if found is None or found is UNSET:
            return UNSET
        found = getattr(found, _slot(key))
    return found


def _slot(key: Step) -> str:
    """Name the attribute for a key, which need not be a name."""
    return "at_" + str(key).encode().hex()  # a key need not be a name


@dataclass(frozen=True, slots=True)
class Listing:
    """How to find the rows of one object type: where they are, and where a record has its id.

    ``beside`` are the paths of what the paging reads around them.
    """

    path: Path
    id: Path
    place: str
    scrub: Scrub
    beside: tuple[Path, ...] = ()

    def rows(self, response: Response) -> Sequence[bytes]:
        """Cut an answer into its records.

        Raises:
            Garbled: it is no listing; the error says what it is.
        """
        return self.cut(response)[0]

    def cut(self, response: Response) -> tuple[Sequence[bytes], Mapping[Path, Any]]:
        """Cut an answer into its records; give with them what of ``beside`` could be read on the way.

        Raises:
            Garbled: it is no listing; the error says what it is.
        """
        if response.status == _NO_CONTENT:
            return (), {}
        text = json_text(response)
        if _has_plain_keys(self.path):
            try:
                found, beside = _envelope(self.path, self.beside)(text)
            except _UNREADABLE:
                found = UNSET
            if found is not UNSET:
                return list(map(bytes, found)), {path: _told(value) for path, value in beside.items()}
        return self._other_shapes(response, text), {}

    def _other_shapes(self, response: Response, text: bytes) -> Sequence[bytes]:
        if is_markup(response):
            raise self._garbled("a web page came instead of records", title(response, self.scrub))
        try:
            msgspec.json.decode(text)
            found = dig(text, self.path)
            if found is None and _is_hollow(text, self.path):
                return ()
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


def _is_hollow(text: bytes, path: Path) -> bool:
    """Tell whether what should hold the records is an element of XML with nothing in it."""
    held = dig(text, path[:-1]) if len(path) > 1 else None
    if held is None:
        return False
    if held.startswith(b"{"):
        keys = _as_object(held)
        return bool(keys) and all(key.startswith("@") for key in keys)
    return held == b'""'


def title(response: Response, scrub: Scrub) -> str:
    """Give the title of a web page, or its status."""
    found = _TITLE.search(response.body[:20_000])
    text = scrub(found[1].decode("utf-8", "replace"), _EXCERPT) if found else ""
    return f"its title is '{text}'" if text else f"status {response.status}"


def _told(found: Any) -> Any:
    return UNKNOWN if found is UNSET else value_at(bytes(found), ())


def value_at(text: bytes, path: Path) -> Any:
    """Decode the value at ``path`` of a JSON text; ``UNKNOWN`` where there is none or the text is no JSON."""
    try:
        found = dig(text, path)
        return UNKNOWN if found is None else decode_raw(found)
    except _UNREADABLE:
        return UNKNOWN


def read_lone(answer: Any, path: Path) -> Any:
    """Read one record at ``path``; where a list's first was to stand, a record may stand alone."""
    found = read(answer, path)
    if found is UNKNOWN and path and path[-1] == 0 and isinstance(alone := read(answer, path[:-1]), dict):
        return alone
    return found
