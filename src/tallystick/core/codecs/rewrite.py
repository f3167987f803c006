"""Text that one side has to hold differently: other words, a prefix, a fixed width, fewer letters, fewer characters."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from tallystick.core.codecs.spelling import describe, expect_text
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_ROUNDS: Final = 10
_MAX_WIDTH: Final = 100_000
_LETTERS: Final[dict[str, dict[str, str]]] = {
    "": {"€": "EUR", "£": "GBP", "¥": "JPY"},
    "de": {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS"},
    "da": {"å": "aa", "Å": "Aa", "æ": "ae", "Æ": "Ae", "ø": "oe", "Ø": "Oe"},
    "no": {"å": "aa", "Å": "Aa", "æ": "ae", "Æ": "Ae", "ø": "oe", "Ø": "Oe"},
    "sv": {"å": "aa", "Å": "Aa", "ä": "ae", "Ä": "Ae", "ö": "oe", "Ö": "Oe"},
}


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace texts by others, everywhere and all at once. With ``back``, writing puts the first ones in again.

    Without ``back`` both directions replace. With it, a text that could not come back as it was is refused.

    >>> Replace({"&": "und"}).decode("Müller & Söhne")
    'Müller und Söhne'
    >>> Replace({"|": "; "}, back=True).encode("a; b")
    'a|b'
    """

    map: Mapping[str, str]
    back: bool = False
    name: ClassVar[str] = "replace"
    _to: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _fro: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _origin: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare both directions. Raises ``InvalidValue`` for a list that cannot be turned round."""
        if not self.map or not all(self.map):
            raise InvalidValue("replace: the map is empty or looks for nothing", hint='for example map: {"&": und}')
        origin = {new: old for old, new in self.map.items()}
        if self.back and (len(origin) < len(self.map) or "" in origin):
            raise InvalidValue("replace: back needs a text of its own for each", hint="or set back: false")
        object.__setattr__(self, "_origin", origin)
        object.__setattr__(self, "_to", _any_of(self.map))
        object.__setattr__(self, "_fro", _any_of(origin) if self.back else self._to)

    @property
    def loss(self) -> Loss:
        """Lossless with ``back``: what could not come back is refused."""
        return "lossless" if self.back else "lossy"

    @property
    def specimens(self) -> tuple[str, ...]:
        """What this side may hold, for examples of what is lost."""
        return tuple(self.map)

    def decode(self, raw: Any) -> Value:
        """Give the text with the replacements."""
        text = expect_text(self.name, raw)
        if not self.back:
            return self._rested(text)
        made = self._forth(text)
        return made if self._back(made) == text else self._refused(text)

    def encode(self, value: Value) -> Any:
        """Give the text as this side has it."""
        text = expect_text(self.name, value)
        if not self.back:
            return self._rested(text)
        made = self._back(text)
        return made if self._forth(made) == text else self._refused(text)

    def _forth(self, text: str) -> str:
        return self._to.sub(lambda m: self.map[m[0]], text)

    def _back(self, text: str) -> str:
        return self._fro.sub(lambda m: self._origin[m[0]], text)

    def _rested(self, text: str) -> str:
        for _ in range(_ROUNDS):
            made = self._forth(text)
            if made == text:
                return text
            text = made
        raise InvalidValue(
            "replace: this text could be replaced on and on",
            detail=f"{describe(text[:40])} came",
            hint="no replacement may contain what is looked for",
        )

    def _refused(self, text: str) -> str:
        raise InvalidValue(
            "replace: this text would not come back as it was",
            detail=f"{describe(text)} came, which has a replacement in it already",
            hint="choose replacements that do not occur, or set back: false and one direction",
        )


def _any_of(texts: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class Affix:
    """A text that stands in a fixed frame, such as a customer number with a prefix; canonical is the text without it.

    A text without the frame is refused, or taken as it is where the frame is ``optional``.

    >>> Affix("C-").decode("C-4711"), Affix("C-").encode("4711")
    ('4711', 'C-4711')
    """

    prefix: str = ""
    suffix: str = ""
    optional: bool = False
    name: ClassVar[str] = "affix"

    def __post_init__(self) -> None:
        """Refuse an empty frame."""
        if not self.prefix and not self.suffix:
            raise InvalidValue("affix needs a prefix or a suffix", hint="for example {codec: affix, prefix: C-}")

    @property
    def loss(self) -> Loss:
        """Lossy where the frame may be missing: it is written then."""
        return "lossy" if self.optional else "lossless"

    def decode(self, raw: Any) -> Value:
        """Give what is inside of the frame."""
        text = expect_text(self.name, raw)
        is_framed = text.startswith(self.prefix) and text.endswith(self.suffix)
        if is_framed and len(text) > len(self.prefix) + len(self.suffix):
            return text[len(self.prefix) : len(text) - len(self.suffix)]
        if self.optional:
            return text
        frame = f"{self.prefix}...{self.suffix}"
        raise InvalidValue(
            f"affix expects a text such as {frame}",
            detail=f"{describe(text)} came",
            hint="correct it at the source, or set optional: true",
        )

    def encode(self, value: Value) -> Any:
        """Give the text in its frame."""
        return f"{self.prefix}{expect_text(self.name, value)}{self.suffix}"


@dataclass(frozen=True, slots=True)
class Pad:
    """Text of a fixed width, filled up with one character; canonical is the text without the filling.

    >>> Pad(8).encode("ABC"), Pad(8, side="left", character="0").decode("00004711")
    ('ABC     ', '4711')
    """

    width: int
    character: str = " "
    side: Literal["left", "right"] = "right"
    name: ClassVar[str] = "pad"
    loss: ClassVar[Loss] = "lossy"

    def __post_init__(self) -> None:
        """Refuse a width or a character that is none."""
        if not 1 <= self.width <= _MAX_WIDTH or len(self.character) != 1:
            raise InvalidValue(f"pad: width is 1 to {_MAX_WIDTH}, character is one character")

    def decode(self, raw: Any) -> Value:
        """Give the text without the filling."""
        text = expect_text(self.name, raw)
        return text.rstrip(self.character) if self.side == "right" else text.lstrip(self.character)

    def encode(self, value: Value) -> Any:
        """Give the text in full width; one that is wider is refused."""
        text = self.decode(value)
        assert isinstance(text, str)
        if len(text) > self.width:
            hint = "shorten it where it comes from, or put {codec: truncate} behind it"
            raise InvalidValue(f"pad: at most {self.width} characters fit", detail=f"{len(text)} came", hint=hint)
        return (
            text.ljust(self.width, self.character) if self.side == "right" else text.rjust(self.width, self.character)
        )


@dataclass(frozen=True, slots=True)
class Transliterate:
    """Write with the letters that a system has: ``language`` says how (``ü`` is ``ue`` in German and ``u`` elsewhere).

    What the character set has stays as it is.

    >>> Transliterate(language="de").encode("Łódź, Größe")
    'Lodz, Groesse'
    >>> Transliterate("iso-8859-1").encode("Größe, Łódź")
    'Größe, Lódz'
    """

    charset: Literal["ascii", "iso-8859-1", "iso-8859-15", "windows-1252"] = "ascii"
    language: Literal["", "de", "da", "no", "sv"] = ""
    name: ClassVar[str] = "transliterate"
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the text in these letters."""
        text = expect_text(self.name, raw)
        if text.isascii():
            return text
        return "".join(map(self._spelled, unicodedata.normalize("NFC", text)))

    def encode(self, value: Value) -> Any:
        """Give the text in these letters."""
        return self.decode(value)

    def _spelled(self, letter: str) -> str:
        try:
            letter.encode(self.charset)
        except UnicodeEncodeError:
            own = _LETTERS[self.language].get(letter, _LETTERS[""].get(letter))
            if own is not None:
                return own
        else:
            return letter
        from anyascii import anyascii  # a table of all scripts, only for those who need it

        return anyascii(letter)


@dataclass(frozen=True, slots=True)
class Truncate:
    """Cut a text to a length. Naming this codec is the consent: the rest stays on the side that has the room.

    ``bytes`` counts the bytes of UTF-8, as some databases do. A letter is never torn from its accent.

    >>> Truncate(8).encode("Donaudampfschiff"), Truncate(8, ellipsis="…").encode("Donaudampfschiff")
    ('Donaudam', 'Donauda…')
    """

    length: int
    unit: Literal["characters", "bytes"] = "characters"
    ellipsis: str = ""
    name: ClassVar[str] = "truncate"
    loss: ClassVar[Loss] = "lossy"

    def __post_init__(self) -> None:
        """Refuse a length in which nothing fits."""
        if self.length < 1 or self._size(self.ellipsis) >= self.length:
            raise InvalidValue("truncate: length must leave room for the text", hint="for example length: 40")

    def decode(self, raw: Any) -> Value:
        """Give what fits."""
        text = expect_text(self.name, raw)
        if self._size(text) <= self.length:
            return text
        room = self.length - self._size(self.ellipsis)
        cut = self._cut(text, room)
        while cut and _belongs(text[len(cut)]):
            cut = cut[:-1]
        return (cut or self._cut(text, room)) + self.ellipsis

    def encode(self, value: Value) -> Any:
        """Give what fits."""
        return self.decode(value)

    def _size(self, text: str) -> int:
        return len(text) if self.unit == "characters" else len(text.encode("utf-8", "surrogatepass"))

    def _cut(self, text: str, room: int) -> str:
        if self.unit == "characters":
            return text[:room]
        while self._size(text) > room:
            text = text[: max(0, min(len(text) - 1, room))]
        return text


def _belongs(letter: str) -> bool:
    # Accents, joiners and variation selectors stand behind what they change.
    return bool(unicodedata.combining(letter)) or letter in "\u200d\ufe0e\ufe0f"
