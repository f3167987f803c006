"""What one seed is about: two systems, a mapping between them, policies, people, weather. All drawn, all from the seed.

Swarm testing: each feature is on or off by itself, so that many seeds are quiet about most things and loud about a few.
"""

from dataclasses import dataclass, field

from tests.simulation.connector import SimulatedConnector, schema_of
from tests.simulation.dice import Dice
from tests.simulation.nature import FIELDS, TEXTS, Nature, draw_nature
from tests.simulation.network import Weather, draw_weather

from tallystick.core.codecs.text import Lower, Trim
from tallystick.core.compile import compile_mapping
from tallystick.core.mapping import End, FieldMapping, MatchRule, ObjectMapping, Place
from tallystick.core.path import Path
from tallystick.core.policy import Brakes, FieldPolicy, Policy
from tallystick.core.record import Side
from tallystick.engine.pair import Pair, make_pair

PAIR = "records"
LOOSE = Brakes(
    delete_count=10_000,
    delete_per_day=10_000,
    empty_side_from=10_000,
    shrink_share=0.0,
    update_from=10_000,
    blank_count=10_000,
    create_count=10_000,
)


@dataclass(slots=True)
class People:
    """What users do, as weights, and how often: ``pace`` is the mean time between two deeds, in seconds."""

    pace: float = 20.0
    deeds: dict[str, float] = field(default_factory=dict)
    reuse: float = 0.05
    blank: float = 0.1
    messy: float = 0.3


@dataclass(slots=True)
class Scenario:
    """Everything that a seed decides before anything happens."""

    natures: dict[Side, Nature]
    policy: Policy
    fields: dict[str, FieldPolicy]
    codecs: dict[tuple[Side, str], str]
    weathers: dict[Side, Weather]
    people: People
    workers: int = 1
    records: int = 10
    length: float = 2400.0
    pause: float = 60.0
    kill: float = 0.0
    freeze: float = 0.0
    storms: float = 0.0
    blind: float = 0.0
    plans: float = 0.0
    overhauls: float = 0.0
    patience: float = 0.0


def draw_scenario(dice: Dice) -> Scenario:
    """Draw what a seed is about."""
    natures: dict[Side, Nature] = {"left": draw_nature(dice), "right": draw_nature(dice)}
    calm = dice.hits(0.15)
    weathers: dict[Side, Weather] = {
        side: Weather(slow=0.5) if calm else draw_weather(dice) for side in ("left", "right")
    }
    # In a frozen worker an intent grows old, so that a freeze is bounded by how long a request may be on its way.
    workers = dice.one((1, 1, 2, 3))
    return Scenario(
        natures=natures,
        policy=_draw_policy(dice, natures),
        fields={name: _draw_field(dice, name) for name in FIELDS},
        codecs=_draw_codecs(dice),
        weathers=weathers,
        people=_draw_people(dice),
        workers=workers,
        records=dice.number(0, 14),
        length=dice.one((600.0, 1800.0, 3600.0)),
        pause=dice.one((20.0, 60.0, 200.0)),
        kill=0.0 if calm else dice.one((0.0, 0.0, 0.002, 0.01, 0.04)),
        freeze=0.0 if calm or workers == 1 else dice.one((0.0, 0.01, 0.05)),
        storms=0.0 if calm else dice.one((0.0, 0.0, 0.002)),
        blind=0.0 if calm else dice.one((0.0, 0.0, 0.005)),
        plans=dice.one((0.0, 0.0, 0.2)),
        overhauls=dice.one((0.0, 0.0, 0.1)),
        patience=dice.one((0.0, 30.0, 300.0)),
    )


def _draw_policy(dice: Dice, natures: dict[Side, Nature]) -> Policy:
    margin = sum(n.can.granularity + n.can.skew + n.can.late_commit for n in natures.values()) + 1
    tight = Brakes(delete_count=2, delete_share=0.0, empty_side_from=3, shrink_share=0.5)
    return Policy(
        on_unmatched_left=dice.one(("create", "create", "create", "create", "ask", "ignore")),
        on_unmatched_right=dice.one(("create", "create", "create", "create", "ask", "ignore")),
        on_delete_left=dice.one(("propagate", "propagate", "propagate", "unlink", "ask", "restore")),
        on_delete_right=dice.one(("propagate", "propagate", "propagate", "unlink", "ask", "restore")),
        on_delete_update=dice.one(("ask", "update_wins", "delete_wins")),
        on_restore=dice.one(("recreate", "ignore", "ask")),
        brakes=tight if dice.hits(0.15) else LOOSE,
        full_compare_seconds=dice.one((300.0, 3600.0, 1e9)),
        newest_margin_seconds=margin,
    )


def _draw_field(dice: Dice, name: str) -> FieldPolicy:
    if name == "key":
        return FieldPolicy()
    conflict = dice.one(("manual", "left", "right", "newest", "prefer_nonblank"))
    return FieldPolicy(
        direction=dice.one(("both", "both", "both", "both", "to_right", "to_left")),
        conflict=conflict,
        fallback=dice.one(("left", "right", "manual")),
        initial=dice.one(("ask", "left", "right", "newest")),
        blank=dice.one(("propagate", "propagate", "keep", "ask")),
        drift=dice.one(("report", "ignore", "revert")),
    )


def _draw_codecs(dice: Dice) -> dict[tuple[Side, str], str]:
    if dice.hits(0.6):
        return {}
    return {(side, name): dice.one(("trim", "lower")) for side in ("left", "right") for name in TEXTS if dice.hits(0.3)}


def _draw_people(dice: Dice) -> People:
    deeds = {
        "edit": 10.0,
        "create": dice.one((1.0, 3.0)),
        "both": dice.one((0.0, 2.0)),
        "delete": dice.one((0.0, 0.5, 2.0)),
        "restore": dice.one((0.0, 1.0)),
        "twin": dice.one((0.0, 1.0)),
        "double": dice.one((0.0, 0.0, 0.5)),
        "clash": dice.one((0.0, 1.0)),
        "poison": dice.one((0.0, 0.0, 0.5)),
    }
    return People(pace=dice.one((5.0, 20.0, 60.0)), deeds=deeds, messy=dice.one((0.0, 0.3)))


CODECS = {"trim": Trim(), "lower": Lower()}


def build_pair(scenario: Scenario, connectors: dict[Side, SimulatedConnector], generation: int = 0) -> Pair:
    """Make the production pair of a scenario; ``generation`` stands for how often its configuration was changed."""

    def place(side: Side, name: str) -> Place:
        chosen = scenario.codecs.get((side, name))
        return Place(path=(name,), codecs=(CODECS[chosen],) if chosen else ())

    def end(side: Side) -> End:
        nature = scenario.natures[side]
        external: Path = ("key",) if nature.can.create_idem in {"extid", "search"} else ()
        return End(system=side, object="record", schema=schema_of(nature), external_id=external)

    mapping = ObjectMapping(
        name=PAIR,
        left=end("left"),
        right=end("right"),
        fields=tuple(
            FieldMapping(name, place("left", name), place("right", name), policy)
            for name, policy in scenario.fields.items()
        ),
        match=(MatchRule(("key",), "exact"),),
        policy=scenario.policy,
    )
    return make_pair(
        mapping, (connectors["left"], connectors["right"]), compile_mapping(mapping), (generation, 0)
    )  # fmt: skip
