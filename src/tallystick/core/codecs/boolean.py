"""True and false in the spellings that systems use: J/N, ja/nein, 0/1, yes/no, X and nothing."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from tallystick.core.codecs.spelling import refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_Key = tuple[type, Any]
_SPELLABLE: Final = (str, int, bool)
# What people and programs write in German, English, French, Italian, Spanish, Dutch. X alone is a cross in a box.
_USUAL: Final[dict[bool, tuple[Any, ...]]] = {
    True: (True, 1, "1", "true", "t", "yes", "y", "on", "x", "ja", "j", "wahr", "an", "oui", "o", "vrai", "si", "sì",
           "sí", "vero", "verdadero", "waar", "checked", "enabled", "active"),
    False: (False, 0, "0", "false", "f", "no", "n", "off", "nein", "falsch", "aus", "non", "faux", "falso", "nee",
            "onwaar", "unchecked", "disabled", "inactive"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Boolean:
    """True and false as configured. The first spelling of each is written, the others are read too.

    Text, numbers and JSON's own true are told apart: ``1`` is not ``"1"`` and not ``true``. ``usual`` also reads the
    usual spellings of six languages in any case, unless they are declared to mean the other.

    >>> codec = Boolean(yes=("J", "ja"), no=("N", "nein"))
    >>> codec.decode("ja"), codec.encode(False)
    (True, 'N')
    """

    yes: tuple[Any, ...] = ("true",)
    no: tuple[Any, ...] = ("false",)
    ignore_case: bool = False
    usual: bool = False
    name: ClassVar[str] = "boolean"
    _meaning: dict[_Key, bool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the spellings. Raises ``InvalidValue`` when one stands for both or is no scalar."""
        meaning: dict[_Key, bool] = {}
        for truth, spellings in ((True, self.yes), (False, self.no)):
            if not spellings or not all(isinstance(s, _SPELLABLE) and s != "" for s in spellings):
                raise InvalidValue(
                    "boolean: yes and no each need at least one spelling: a text, a number or true/false"
                )
            for spelling in spellings:
                if meaning.setdefault(self._key(spelling), truth) is not truth:
                    raise InvalidValue(f"boolean: '{spelling}' cannot mean both yes and no")
        for truth, spellings in _USUAL.items() if self.usual else ():
            for spelling in spellings:
                meaning.setdefault(self._key(spelling), truth)
        object.__setattr__(self, "_meaning", meaning)

    @property
    def loss(self) -> Loss:
        """Lossless where each truth has one spelling."""
        is_one_to_one = len(self.yes) == len(self.no) == 1 and not self.ignore_case and not self.usual
        return "lossless" if is_one_to_one else "lossy"

    @property
    def specimens(self) -> tuple[Any, ...]:
        """What this side may hold, for examples of what is lost."""
        return (*self.yes, *self.no)

    def decode(self, raw: Any) -> Value:
        """Give ``True`` or ``False``; a spelling that is not listed is refused."""
        truth = self._meaning.get(self._key(raw)) if isinstance(raw, _SPELLABLE) else None
        if truth is None and self.usual and isinstance(raw, str):
            truth = self._meaning.get((str, raw.strip().casefold()))
        if truth is None:
            listed = ", ".join(map(repr, self.yes + self.no))
            raise refuse(self.name, raw, f"one of {listed}", hint="add the spelling under yes or no")
        return truth

    def encode(self, value: Value) -> Any:
        """Give the first spelling."""
        if not isinstance(value, bool):
            raise refuse(self.name, value, "true or false")
        return self.yes[0] if value else self.no[0]

    def _key(self, spelling: Any) -> _Key:
        return type(spelling), spelling.casefold() if self.ignore_case and isinstance(spelling, str) else spelling
