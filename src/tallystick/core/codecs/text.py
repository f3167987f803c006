"""Text: trimming, case, padding and what else makes two spellings of one text differ.

All of these are idempotent: they bring both directions to one normal form, which is what makes them stable.
``spelling`` is the same translation as a Python expression over the text ``v``, for the compiled mapping; ``direct``
codecs, here and elsewhere, are those whose values hardly recur, so that the compiled mapping remembers nothing of them.
"""

import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

from tallystick.core.codecs.spelling import refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_FEW: Final = 8


@dataclass(frozen=True, slots=True)
class Anything:
    """Pass a JSON value through as it is.

    >>> Anything().decode([1, 2])
    [1, 2]
    """

    name: ClassVar[str] = "any"
    loss: ClassVar[Loss] = "lossless"

    def decode(self, raw: Any) -> Value:
        """Give the value itself."""
        return raw

    def encode(self, value: Value) -> Any:
        """Give the value itself."""
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """Make text of whole numbers, for a system that sends ``4711`` where the other has ``"4711"``.

    >>> Text().decode(4711)
    '4711'
    """

    name: ClassVar[str] = "text"
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give text; a whole number becomes its digits."""
        if isinstance(raw, str):
            return raw
        if isinstance(raw, int) and not isinstance(raw, bool):
            return str(Decimal(raw))  # str(int) refuses more than 4,300 digits
        raise refuse(self.name, raw, "text or a whole number")

    def encode(self, value: Value) -> Any:
        """Give text; a whole number becomes its digits."""
        return self.decode(value)


@dataclass(frozen=True, slots=True)
class Trim:
    """Cut white space off both ends.

    >>> Trim().decode("  ACME GmbH ")
    'ACME GmbH'
    """

    name: ClassVar[str] = "trim"
    loss: ClassVar[Loss] = "lossy"
    spelling: ClassVar[str] = "v.strip()"

    def decode(self, raw: Any) -> Value:
        """Give the text without outer white space."""
        return _text(self.name, raw).strip()

    def encode(self, value: Value) -> Any:
        """Give the text without outer white space."""
        return _text(self.name, value).strip()


@dataclass(frozen=True, slots=True)
class Collapse:
    """Make every run of white space one space, and none at the ends.

    >>> Collapse().decode(" ACME   GmbH & Co.  KG")
    'ACME GmbH & Co. KG'
    """

    name: ClassVar[str] = "collapse"
    loss: ClassVar[Loss] = "lossy"
    spelling: ClassVar[str] = '" ".join(v.split())'

    def decode(self, raw: Any) -> Value:
        """Give the text with single spaces."""
        return " ".join(_text(self.name, raw).split())

    def encode(self, value: Value) -> Any:
        """Give the text with single spaces."""
        return " ".join(_text(self.name, value).split())


@dataclass(frozen=True, slots=True)
class Upper:
    """Write in capitals.

    >>> Upper().decode("de123")
    'DE123'
    """

    name: ClassVar[str] = "upper"
    loss: ClassVar[Loss] = "lossy"
    spelling: ClassVar[str] = "v.upper()"

    def decode(self, raw: Any) -> Value:
        """Give the text in capitals."""
        return _text(self.name, raw).upper()

    def encode(self, value: Value) -> Any:
        """Give the text in capitals."""
        return _text(self.name, value).upper()


@dataclass(frozen=True, slots=True)
class Lower:
    """Write in small letters.

    >>> Lower().decode("Info@ACME.example")
    'info@acme.example'
    """

    name: ClassVar[str] = "lower"
    loss: ClassVar[Loss] = "lossy"
    spelling: ClassVar[str] = "v.lower()"

    def decode(self, raw: Any) -> Value:
        """Give the text in small letters."""
        return _text(self.name, raw).lower()

    def encode(self, value: Value) -> Any:
        """Give the text in small letters."""
        return _text(self.name, value).lower()


@dataclass(frozen=True, slots=True)
class Unicode:
    """Bring composed and decomposed letters (``ü`` and ``u`` + dots) to one form.

    >>> len(Unicode().decode("Mu" + chr(0x308) + "ller"))
    6
    """

    form: Literal["NFC", "NFKC"] = "NFC"
    name: ClassVar[str] = "unicode"
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the text in the normal form."""
        return unicodedata.normalize(self.form, _text(self.name, raw))

    def encode(self, value: Value) -> Any:
        """Give the text in the normal form."""
        return unicodedata.normalize(self.form, _text(self.name, value))


@dataclass(frozen=True, slots=True)
class Remove:
    """Leave out certain characters, such as the decoration of a telephone number.

    >>> Remove(" /-()").decode("030 / 123-45")
    '03012345'
    """

    characters: str
    name: ClassVar[str] = "remove"
    loss: ClassVar[Loss] = "lossy"
    direct: ClassVar[bool] = True
    _table: dict[int, None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the table of what goes."""
        if not self.characters:
            raise InvalidValue(
                "remove needs the characters to leave out", hint='for example {codec: remove, characters: " -/"}'
            )
        object.__setattr__(self, "_table", dict.fromkeys(map(ord, self.characters)))

    @property
    def spelling(self) -> str:
        """The same in Python, where it is short."""
        few = self.characters if len(self.characters) <= _FEW else ""
        return "v" + "".join(f".replace({character!r}, '')" for character in few) if few else ""

    @property
    def specimens(self) -> tuple[str, ...]:
        """What this side may hold, for examples of what is lost."""
        return (f"A{self.characters[0]}1",)

    def decode(self, raw: Any) -> Value:
        """Give the text without the characters."""
        return _text(self.name, raw).translate(self._table)

    def encode(self, value: Value) -> Any:
        """Give the text without the characters."""
        return _text(self.name, value).translate(self._table)


@dataclass(frozen=True, slots=True)
class ZeroPadded:
    """Numbers kept as text of fixed width with leading zeros; the canonical value has none. Other text stays.

    >>> ZeroPadded(10).decode("0000004711"), ZeroPadded(10).encode("4711")
    ('4711', '0000004711')
    """

    width: int
    name: ClassVar[str] = "zero_padded"
    loss: ClassVar[Loss] = "lossy"

    def __post_init__(self) -> None:
        """Refuse a width that is none."""
        if not 1 <= self.width <= 1000:  # noqa: PLR2004 - wider than any column
            raise InvalidValue("zero_padded: width must be between 1 and 1000")

    def decode(self, raw: Any) -> Value:
        """Give the number without leading zeros."""
        text = _text(self.name, raw)
        return text.lstrip("0") or "0" if text.isascii() and text.isdigit() else text

    def encode(self, value: Value) -> Any:
        """Give the number in full width; one that is wider is refused."""
        text = _text(self.name, value)
        if not (text.isascii() and text.isdigit()):
            return text
        digits = text.lstrip("0") or "0"
        if len(digits) > self.width:
            raise InvalidValue(f"zero_padded: at most {self.width} digits fit", detail=f"{len(digits)} came")
        return digits.zfill(self.width)


@dataclass(frozen=True, slots=True)
class TextList:
    """Several texts as one value, whatever their order: a JSON list, or one text with a ``separator``.

    >>> sorted(TextList(";").decode("b; a;"))
    ['a', 'b']
    >>> TextList(";").encode(frozenset({"b", "a"}))
    'a;b'
    """

    separator: str = ""
    name: ClassVar[str] = "text_list"
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the set of items; outer white space and empty items go."""
        if isinstance(raw, str) and self.separator:
            raw = raw.split(self.separator)
        if not isinstance(raw, list | frozenset) or not all(isinstance(item, str) for item in raw):
            raise refuse(
                self.name, raw, f"texts separated by '{self.separator}'" if self.separator else "a list of texts"
            )
        return frozenset(item for item in map(str.strip, raw) if item)

    def encode(self, value: Value) -> Any:
        """Give the items in alphabetical order; one that contains the separator cannot be written."""
        if not isinstance(value, frozenset | list) or not all(isinstance(item, str) for item in value):
            raise refuse(self.name, value, "a set of texts")
        items = sorted({item for item in map(str.strip, value) if item})
        if not self.separator:
            return items
        if any(self.separator in item for item in items):
            raise InvalidValue(f"text_list: an item contains the separator '{self.separator}'")
        return self.separator.join(items)


def _text(codec: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise refuse(codec, value, "text")
