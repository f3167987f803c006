"""What a mail server says of a mail: its answers as nested lists, and the named parts of a mail, however deep.

Nothing of a mail's content is here: the structure is told by the server, so no mail is downloaded to find a name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import collapse_rfc2231_value, decode_params, getaddresses, parsedate_to_datetime, unquote
from typing import Any, Final

from tallystick.core.error import Garbled

_TOKEN: Final = re.compile(rb'[()]|"(?:[^"\\]|\\.)*"|~?\{\d+\+?\}$|(?:[^\s()"\[]|\[[^\]]*\])+')
_DEPTH: Final = 60
_MOST_PARTS: Final = 2000
_TOLERANCE: Final = timedelta(days=1)
_DISPOSITIONS: Final = frozenset({b"attachment", b"inline", b"form-data"})
_NO_MOMENT: Final = datetime.fromtimestamp(0, UTC)
_LIST_AT: Final = {b"text": 8}  # where what may follow the size begins: a text counts its lines first


@dataclass(frozen=True, slots=True)
class Part:
    """A named part of a mail. ``section`` is its number there, ``depth`` how far it is nested, ``size`` as sent."""

    section: str
    name: str
    encoding: str
    size: int
    depth: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its server describes it. ``moment`` is when it was sent, in seconds UTC."""

    uid: int
    moment: float
    senders: tuple[str, ...]
    subject: str
    parts: tuple[Part, ...]

    def is_from(self, sender: str) -> bool:
        """Tell whether an address, or any at a domain (``@shop.example``), sent it; an empty one is anybody's."""
        wanted = sender.lower()
        return not wanted or any(
            each.endswith(wanted) if wanted.startswith("@") else each == wanted for each in self.senders
        )

    def is_about(self, subject: str) -> bool:
        """Tell whether its subject contains a text, in whatever case."""
        return subject.casefold() in self.subject.casefold()


def read_answers(replies: Sequence[Any], place: str) -> Iterator[dict[bytes, Any]]:
    """Read what a server fetched: one mapping of names to values for each mail. Raises ``Garbled``."""
    pieces: list[bytes] = []
    for reply in replies:
        if isinstance(reply, tuple):
            pieces += reply[:2]
            continue
        pieces.append(reply or b"")
        found = _read_lists(pieces, place)
        pieces = []
        pairs = next((each for each in found if isinstance(each, list)), [])
        yield {bytes(key).upper(): value for key, value in zip(pairs[::2], pairs[1::2], strict=False) if key}


def read_letter(answer: dict[bytes, Any], place: str) -> Letter:
    """Read the description of one mail. Raises ``Garbled`` where it has no structure."""
    uid, structure = answer.get(b"UID"), answer.get(b"BODYSTRUCTURE")
    if uid is None or not isinstance(structure, list):
        raise Garbled("the mail server does not describe a mail", place=place)
    lines = next((value for key, value in answer.items() if key.startswith(b"BODY[HEADER")), None) or b""
    header = BytesHeaderParser().parsebytes(lines)
    received = _moment((answer.get(b"INTERNALDATE") or b"").decode("ascii", "replace"))
    sent = _moment(str(header.get("Date", "")))
    # A sender's clock may lead: what claims to come from the future counts from when it arrived.
    is_believable = sent is not None and (received is None or sent <= received + _TOLERANCE)
    moment = (sent if is_believable else received) or _NO_MOMENT
    senders = getaddresses([decode_text(str(each)) for each in header.get_all("From", [])])
    return Letter(
        number_of(uid, place),
        moment.timestamp(),
        tuple(address.lower() for _, address in senders if address),
        decode_text(str(header.get("Subject", ""))),
        tuple(_parts(structure, place)),
    )


def decode_text(text: str) -> str:
    """Give the text of a header with its encoded words read; one that cannot be read stays as it is written."""
    try:
        unfolded = re.sub(r"\r?\n(?=[ \t])", "", text)
        return str(make_header(decode_header(unfolded)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


def number_of(value: Any, place: str) -> int:
    """Give a number that a server wrote. Raises ``Garbled`` for anything else."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Garbled("the mail server gives no number where one belongs", place=place) from None


def _read_lists(pieces: Sequence[bytes], place: str) -> list[Any]:
    top: list[Any] = []
    stack = [top]
    literals = iter(pieces)
    for text in literals:
        for token in _TOKEN.findall(text):
            if token == b"(":
                inner: list[Any] = []
                stack[-1].append(inner)
                stack.append(inner)
            elif token == b")":
                stack.pop()
            elif token.endswith(b"}") and token.lstrip(b"~").startswith(b"{"):
                stack[-1].append(next(literals, b""))
            else:
                stack[-1].append(_atom(token))
            if not 0 < len(stack) <= _DEPTH:
                raise Garbled("the mail server's answer is nested in no sensible way", place=place)
    return top


def _atom(token: bytes) -> bytes | None:
    if token.startswith(b'"'):
        return re.sub(rb"\\(.)", rb"\1", token[1:-1])
    return None if token.upper() == b"NIL" else token


def _parts(structure: list[Any], place: str) -> list[Part]:
    """Walk a structure (RFC 3501, 7.4.2); a forwarded mail is walked like the mail that it is in."""
    found: list[Part] = []
    waiting: list[tuple[list[Any], str, int]] = [(structure, "", 0)]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return found
        body, section, depth = waiting.pop()
        children = _children(body)
        if children:
            above = f"{section}." if section else ""
            waiting += [(child, f"{above}{at}", depth + 1) for at, child in enumerate(children, 1)][::-1]
            continue
        section = section or "1"
        inner = _forwarded(body)
        if inner is None:
            found += _named(body, section, depth)
        else:
            waiting.append((inner, section if _children(inner) else f"{section}.1", depth + 1))
    raise Garbled("a mail has too many parts", place=place)


def _children(body: list[Any]) -> list[list[Any]]:
    children = []
    for each in body:
        if not isinstance(each, list):
            break
        children.append(each)
    return children


def _forwarded(body: list[Any]) -> list[Any] | None:
    is_mail = [_word(each) for each in body[:2]] in ([b"message", b"rfc822"], [b"message", b"global"])
    inner = body[8] if is_mail and len(body) > 8 else None  # noqa: PLR2004 - its structure follows its envelope
    return inner if isinstance(inner, list) else None


def _named(body: list[Any], section: str, depth: int) -> list[Part]:
    if len(body) < 7 or not str(body[6] or b"", "ascii", "replace").isdecimal():  # noqa: PLR2004 - up to the size
        return []
    name = ""
    for each in body[_LIST_AT.get(_word(body[0]), 7) :]:
        if isinstance(each, list) and each and _word(each[0]) in _DISPOSITIONS and isinstance(each[-1], list):
            name = _parameter(each[-1], "filename")
            break
    name = name or _parameter(body[2] if isinstance(body[2], list) else [], "name")
    # Some programs send the path that the file had on their machine.
    name = re.split(r"[/\\]", name.replace("\0", ""))[-1].strip()
    if not name or name.startswith("."):
        return []
    return [Part(section, name, _word(body[5]).decode("ascii", "replace"), int(body[6]), depth)]


def _parameter(pairs: list[Any], wanted: str) -> str:
    """Give a parameter that may be split and encoded (RFC 2231), or written as encoded words (RFC 2047)."""
    texts = [_text(each) for each in pairs]
    written = [("", ""), *((key.lower(), value) for key, value in zip(texts[::2], texts[1::2], strict=False))]
    for key, value in decode_params(written)[1:]:
        if key.lower() == wanted:
            plain = collapse_rfc2231_value(value)
            # Of what was split or encoded the quotes are left on.
            return unquote(plain) if isinstance(value, tuple) else decode_text(plain)
    return ""


def _text(value: Any) -> str:
    if not isinstance(value, bytes):
        return ""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _word(value: Any) -> bytes:
    return value.lower() if isinstance(value, bytes) else b""


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text.strip())
    except (TypeError, ValueError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
