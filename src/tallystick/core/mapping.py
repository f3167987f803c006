"""A mapping: which fields of a left object correspond to which of a right one, and how values translate.

    left raw record --read--> canonical fields <--read-- right raw record
    left raw record <-write-- canonical fields --write-> right raw record

A field sits on each side at a ``Place``: a path with codecs, or an expression with a declared inverse. The
interpreter here is the meaning of a mapping; ``compile`` makes the same as one generated function and tests hold
the two together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from tallystick.core.error import DataError
from tallystick.core.path import Path
from tallystick.core.policy import FieldPolicy, Policy
from tallystick.core.record import Fields, Raw, Side, Value
from tallystick.core.rule import Rule
from tallystick.core.schema import ObjectType

Loss = Literal["lossless", "lossy", "one_way"]


class Codec(Protocol):
    """A two-way value translation. Blank and unknown never reach a codec: they map to themselves (M-7).

    ``decode`` goes from a system's value to the canonical one, ``encode`` back. Both are pure and total: a value or
    ``InvalidValue`` (``UnknownOption`` for options), nothing else (M-5, M-6).
    """

    @property
    def name(self) -> str:
        """The name that project files use."""

    @property
    def loss(self) -> Loss:
        """What a round trip may cost, by declaration."""

    def decode(self, raw: Any) -> Value:
        """Translate a system's value to the canonical one."""

    def encode(self, value: Value) -> Any:
        """Translate a canonical value to the system's spelling."""


class Expression(Protocol):
    """A compiled expression: names in, value out; pure. ``source`` is what the user wrote, ``python`` what runs."""

    @property
    def source(self) -> str:
        """The text that the user wrote."""

    @property
    def python(self) -> str:
        """A Python expression over ``record`` (the raw record) or ``value`` (a canonical value)."""

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Evaluate over ``names`` (``record``'s keys, or ``value``). Raises ``InvalidValue`` with the reason."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field sits on one side.

    Either ``path`` with ``codecs`` (in reading order), or ``expression`` to read and ``inverse`` (path to expression
    over ``value``) to write. A place without path and inverse cannot be written. ``reference`` names the pair whose
    bindings translate the value.

    What nothing means here (R-6.2): ``missing`` says whether a path that is not in the answer is unknown or blank,
    ``blank_means`` is the canonical value that a blank stands for, ``blank_as`` says how a change writes a blank.
    """

    path: Path = ()
    codecs: tuple[Codec, ...] = ()
    expression: Expression | None = None
    inverse: tuple[tuple[Path, Expression], ...] = ()
    reference: str = ""
    missing: Literal["unknown", "blank"] = "unknown"
    blank_means: Value = None
    blank_as: Literal["null", "empty"] = "null"

    @property
    def has_own_blanks(self) -> bool:
        """Whether blank, null and missing mean something else here than elsewhere."""
        return self.missing != "unknown" or self.blank_means is not None or self.blank_as != "null"

    @property
    def writable(self) -> bool:
        """Whether a value can be written here at all."""
        return bool(self.path or self.inverse)


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """One field: its name in the mapping, its place on both sides, how it behaves, where it is written down."""

    name: str
    left: Place
    right: Place
    policy: FieldPolicy = FieldPolicy()
    default_left: Value = None
    default_right: Value = None
    owner: str = ""
    line: str = ""

    def place(self, side: Side) -> Place:
        """Give the place on ``side``."""
        return self.left if side == "left" else self.right


Normaliser = Literal[
    "exact", "text", "email", "digits", "alphanumeric", "zeros", "domain", "company", "vat", "iban", "phone"
]
_STRONG: Final[frozenset[Normaliser]] = frozenset({"exact", "vat", "iban"})
_COMMON: Final = 20


@dataclass(frozen=True, slots=True)
class MatchRule:
    """Records are the same when all these fields agree after normalisation. ``fuzzy`` rules only propose (R-9.1).

    ``region`` is the country of VAT ids and telephone numbers that name none. A key that more than ``most`` records of
    a side share is none (R-9.2); 0 leaves that to the normaliser: 20, and no limit where a number says who it is.
    """

    fields: tuple[str, ...]
    normalise: Normaliser = "text"
    fuzzy: bool = False
    region: str = ""
    most: int = 0

    @property
    def title(self) -> str:
        """Name the rule by its fields."""
        return " + ".join(self.fields)

    @property
    def is_weak(self) -> bool:
        """Tell whether the rule only proposes: names of companies are shared by strangers."""
        return self.fuzzy or self.normalise == "company"

    def is_too_common(self, count: int) -> bool:
        """Tell whether a key that so many records of a side share says nothing about who they are."""
        most = self.most or (0 if self.normalise in _STRONG else _COMMON)
        return bool(most) and count > most


@dataclass(frozen=True, slots=True)
class Condition:
    """A record is in scope when the raw value at ``path`` is one of ``values``."""

    path: Path
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a pair: the object of a system, which of its records belong, what a new one gets besides.

    ``archive`` is the raw change that archives a record, where deletions are answered by archiving.
    """

    system: str
    object: str
    schema: ObjectType
    where: tuple[Condition, ...] = ()
    on_create: Raw = field(default_factory=dict)
    archive: Raw = field(default_factory=dict)
    external_id: Path = ()


@dataclass(frozen=True, slots=True)
class ObjectMapping:
    """A pair: two ends, their fields, who is who, what shall happen, and the rules that its records must keep."""

    name: str
    left: End
    right: End
    fields: tuple[FieldMapping, ...]
    match: tuple[MatchRule, ...]
    policy: Policy
    rules: tuple[Rule, ...] = ()
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the field names at hand: canonical records are tuples in this order."""
        object.__setattr__(self, "names", tuple(f.name for f in self.fields))

    def end(self, side: Side) -> End:
        """Give the end on ``side``."""
        return self.left if side == "left" else self.right

    @property
    def references(self) -> frozenset[str]:
        """The pairs that this one's fields point to."""
        return frozenset(p.reference for f in self.fields for p in (f.left, f.right) if p.reference)


@dataclass(frozen=True, slots=True)
class Refs:
    """Resolved references of one side: ids to bindings for reading, bindings to ids for writing, by (pair, ...)."""

    bindings: Mapping[tuple[str, str], int] = field(default_factory=dict)
    ids: Mapping[tuple[str, int], str] = field(default_factory=dict)


class SideCodec(Protocol):
    """A mapping made ready for one side; the interpreter and the compiled form both are one.

    ``read`` never raises for a record's content: what cannot be read stands in the result as its ``DataError``, which
    holds the values of the other fields and a fault for each one at fault.
    ``write`` and ``patch`` leave out the fields that cannot be written and name each of them in a fault whose
    ``field`` is the mapping's field name.
    """

    def read(self, records: Sequence[Raw], refs: Refs) -> list[Fields | DataError]:
        """Turn raw records into canonical ones, in order."""

    def write(self, fields: Fields, refs: Refs) -> tuple[Raw, list[DataError]]:
        """Make the body of a new record: all writable fields that have a value, defaults, and ``End.on_create``."""

    def patch(self, fields: Fields, which: Sequence[int], refs: Refs) -> tuple[Raw, list[DataError]]:
        """Make the body of a change: only the fields at the positions ``which``; a blank is written as null."""

    def hold(self, index: int, value: Value) -> Value:
        """Give what this side can really hold of a value: read(write(v)). Raises ``DataError`` if it can hold none."""
