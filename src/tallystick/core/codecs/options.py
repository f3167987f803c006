"""Select options: the left side's key is canonical, the right side's is translated by a declared list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from tallystick.core.codecs.spelling import describe, nearest, refuse
from tallystick.core.error import InvalidValue, UnknownOption
from tallystick.core.mapping import Loss
from tallystick.core.record import Side, Value

_SHOWN: Final = 60
_STRICT: Final = frozenset({"park", "ask", "error", "create"})
Unknown = Literal["park", "default", "pass", "ask", "error", "create"]


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a select field, ``map`` from left key to right key. Multi-selects are translated item by item.

    What happens with an option that is not listed: ``park`` raises ``UnknownOption``; ``default`` reads it on the
    right as ``default_left`` and writes it there as ``default_right`` (``default`` is the own side's); ``pass`` lets it
    through unless it would be taken for another option. ``ask``, ``error`` and ``create`` raise it, too: what they add
    is for whoever hears of it. ``also`` names further right keys that are read as a left key, and never written.
    ``integer`` is for a side whose keys are numbers.

    >>> codec = Options({"lead": "Interessent", "active": "Aktiv"})
    >>> codec.decode("Aktiv"), codec.encode("lead")
    ('active', 'Interessent')
    """

    map: Mapping[str, str]
    side: Side = "right"
    unknown: Unknown = "park"
    also: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    default_left: str = ""
    default_right: str = ""
    integer: bool = False
    name: ClassVar[str] = "options"
    _back: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Turn the list round; the first of several left keys with one right key is the one that is read."""
        if not self.map:
            raise InvalidValue("options: the map is empty", hint="list the pairs as left key: right key")
        back: dict[str, str] = {}
        for left, right in self.map.items():
            back.setdefault(right, left)
        for right, left in self.also.items():
            if left not in self.map:
                raise self._undeclared(left, self.map)
            back.setdefault(right, left)
        object.__setattr__(self, "_back", back)
        own = "default_left" if self.side == "left" else "default_right"
        if self.default and not getattr(self, own):
            object.__setattr__(self, own, self.default)
        if self.default_left and self.default_left not in self.map:
            raise self._undeclared(self.default_left, self.map)
        if self.unknown == "default" and self.side == "right" and not self.default_right:
            raise InvalidValue("options: unknown is 'default' but no default is given")

    @property
    def injective(self) -> bool:
        """Whether no two left keys share a right key, so that none is lost on the way back."""
        return not self.also and len(self._back) == len(self.map)

    @property
    def loss(self) -> Loss:
        """Lossless where every option comes back as it went."""
        return "lossless" if self.side == "left" or (self.injective and self.unknown in _STRICT) else "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the left key, or the set of left keys for a list."""
        return self._each(raw, self._read)

    def encode(self, value: Value) -> Any:
        """Give this side's key, or the set of keys."""
        return self._each(value, self._write)

    def _each(self, value: Any, translate: Callable[[str], Any]) -> Any:
        if isinstance(value, list | frozenset):
            return frozenset(translate(self._key(item)) for item in value)
        return translate(self._key(value))

    def _key(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:  # noqa: PLR2004
            return str(value)
        raise refuse(self.name, value, "an option's key")

    def _read(self, key: str) -> str:
        if self.side == "left":
            return key if key in self.map or self.unknown not in _STRICT else self._unknown(key, self.map)
        if key in self._back:
            return self._back[key]
        if self.unknown == "default":
            return self.default_left or self._back.get(self.default_right) or self._unknown(key, self._back)
        # An unlisted right key that is also a left key would come back as another option.
        return key if self.unknown == "pass" and key not in self.map else self._unknown(key, self._back)

    def _write(self, key: str) -> Any:
        return self._own(self._translated(key))

    def _translated(self, key: str) -> str:
        if key in self.map:
            return key if self.side == "left" else self.map[key]
        if self.side == "left":
            return key if self.unknown not in _STRICT else self._unknown(key, self.map)
        if self.unknown == "default":
            return self.default_right
        return key if self.unknown == "pass" and key not in self._back else self._unknown(key, self.map)

    def _own(self, key: str) -> Any:
        if not self.integer:
            return key
        digits = key.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) < 20:  # noqa: PLR2004 - 64 bits
            return int(key)
        raise InvalidValue("options: this side's keys are whole numbers", detail=f"{describe(key)} came")

    def _unknown(self, key: str, known: Mapping[str, str]) -> str:
        # An option's key is vocabulary, not somebody's data, and the cure needs it. A long one is no key.
        shown = f"'{key}'" if len(key) <= _SHOWN else describe(key)
        raise UnknownOption(
            f"option {shown} is not in the mapping",
            option=key if len(key) <= _SHOWN else "",
            detail=f"{len(known)} options are mapped",
            hint="say what it is with `tally options answer`, or set options.unknown",
            is_grave=self.unknown == "error",
        )

    def _undeclared(self, key: str, known: Mapping[str, str]) -> InvalidValue:
        meant = nearest(key, known)
        return InvalidValue(f"options: '{key}' is not in the map", hint=f"did you mean '{meant}'?" if meant else "")
