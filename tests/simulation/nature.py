"""What a simulated system is like: what it can do, what it claims, what it does to values, how slow its copies are.

What is declared is always true (a lie is a limit, not a failure of ours), but within it everything happens.
"""

from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

from tests.simulation.dice import Dice

from tallystick.core.ports import Capabilities
from tallystick.core.record import Raw

TEXTS = ("name", "city", "note")
FIELDS = ("key", *TEXTS, "size")
TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Nature:
    """One system. ``lag`` is how far reads really fall behind, ``early`` how far change times are before visibility.

    ``losses`` are done to values silently, by field; ``limits`` refuse. ``clock`` is how wrong its clock goes.
    """

    can: Capabilities
    lag: float = 0.0
    early: float = 0.0
    clock: float = 0.0
    page: int = 10
    tells_total: bool = True
    tells_hash: bool = True
    tells_created: bool = True
    short_pages: bool = False
    unique: bool = False
    fields: tuple[str, ...] = FIELDS
    losses: dict[str, str] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)

    def id_of(self, order: int) -> str:
        """The id of the record made as the ``order``-th."""
        return str(order)

    def stamped(self, at: float) -> float:
        """A time as this system's clock spells it."""
        grain = self.can.granularity
        shown = at + self.clock
        return shown - shown % grain if grain else round(shown, 6)

    def kept(self, fields: Raw) -> Raw:
        """What becomes of values here."""
        if self.losses:
            for name, loss in self.losses.items():
                fields[name] = lose(loss, fields[name])
        return {name: None if value == "" else value for name, value in fields.items()}


def lose(loss: str, value: Any) -> Any:
    """What a system with this habit stores of a value."""
    if value is None:
        return None
    if loss == "round":
        return value.quantize(TENTH, ROUND_DOWN) if isinstance(value, Decimal) else value
    if not isinstance(value, str):
        return value
    match loss:
        case "trim":
            return value.strip()
        case "collapse":
            return " ".join(value.split())
        case "fold":
            return value.lower()
        case _:
            return value[: int(loss.removeprefix("cut "))]


def draw_nature(dice: Dice) -> Nature:
    """Draw a system."""
    lag = dice.one((0.0, 0.0, 2.0, 20.0, 60.0))
    grain = dice.one((0.0, 0.001, 1.0, 60.0))
    timeout = dice.one((5.0, 30.0, 30.0, 60.0))
    idem = dice.one(("key", "key", "extid", "extid", "search", "search", "none"))
    version = dice.one(("field", "field", "etag", "mtime", "none"))
    if version == "mtime" and grain > 0.001:
        version = "field"
    early = dice.one((0.0, 0.0, 30.0))
    clock = dice.one((0.0, 0.0, -100.0, 100.0))
    can = Capabilities(
        create=True,
        update=True,
        delete=True,
        read_by_id=True,
        since=dice.hits(0.6),
        cas_write=version != "none" and dice.hits(0.65),
        create_idem=idem,
        searchable=("key",) if idem != "none" and (idem != "key" or dice.hits(0.5)) else (),
        consistency=lag,
        late_commit=early,
        granularity=grain,
        skew=abs(clock),
        timeout=timeout,
        in_flux=2 * timeout,
        tombstones=dice.one(("yes", "trash", "no", "no")),
        list_order=dice.one(("keyset", "keyset", "offset", "snapshot")),
        returns_record=dice.hits(0.5),
        version=version,
        bulk=dice.one((0, 0, 3, 7)),
        in_flight=dice.one((1, 2, 4)),
        omits_blank=dice.hits(0.5),
    )
    nature = Nature(
        can=can,
        lag=lag if dice.hits(0.8) else 0.0,
        early=early,
        clock=clock,
        page=dice.one((3, 5, 10, 100)),
        tells_total=dice.hits(0.5),
        tells_hash=dice.hits(0.5),
        tells_created=dice.hits(0.8),
        short_pages=dice.hits(0.2),
        unique=idem == "extid",
    )
    return replace(nature, losses=draw_losses(dice), limits={"city": 30} if dice.hits(0.2) else {})


def draw_losses(dice: Dice) -> dict[str, str]:
    """Draw what a system silently does to values."""
    losses: dict[str, str] = {}
    if dice.hits(0.5):
        losses |= {name: dice.one(("trim", "collapse", "fold", "cut 12")) for name in TEXTS if dice.hits(0.6)}
        if dice.hits(0.5):
            losses["size"] = "round"
    return losses
