"""A world for a story: nothing is left to chance, every deed and every mishap is told."""

from dataclasses import replace
from typing import Any

from tests.simulation.nature import FIELDS, Nature
from tests.simulation.network import Weather
from tests.simulation.play import BRAKES, FIRST, Game
from tests.simulation.rest import Stillness
from tests.simulation.scenario import LOOSE, People, Scenario
from tests.simulation.truth import Life
from tests.simulation.worker import Worker
from tests.simulation.world import World

from tallystick.core.policy import FieldPolicy, Policy
from tallystick.core.ports import Capabilities
from tallystick.core.record import Side

GOOD = Capabilities(
    create=True,
    update=True,
    delete=True,
    read_by_id=True,
    cas_write=True,
    create_idem="key",
    searchable=("key",),
    consistency=0,
    late_commit=0,
    granularity=0,
    skew=0,
    timeout=30,
    in_flux=60,
    tombstones="yes",
    list_order="keyset",
    returns_record=True,
    version="field",
    in_flight=1,
    omits_blank=True,
)
PLAIN = Policy("create", "create", "propagate", "propagate", brakes=LOOSE, newest_margin_seconds=1)


class Stage:
    """Two good systems, a plain mapping, and whatever a story changes of them (``left``, ``right``, policy, fields)."""

    def __init__(
        self,
        *,
        left: dict[str, Any] | None = None,
        right: dict[str, Any] | None = None,
        fields: dict[str, dict[str, Any]] | None = None,
        codecs: dict[tuple[Side, str], str] | None = None,
        **policy: Any,
    ) -> None:
        chosen = {name: FieldPolicy(**(fields or {}).get(name, {})) for name in FIELDS}
        scenario = Scenario(
            natures={"left": _nature(left or {}), "right": _nature(right or {})},
            policy=replace(PLAIN, **policy),
            fields=chosen,
            codecs=codecs or {},
            weathers={"left": Weather(slow=0.02), "right": Weather(slow=0.02)},
            people=People(),
        )
        self.lines: list[str] = []
        self.world = World(0, scenario=scenario, trace=self.lines.append)
        self.world.stormy = False
        self.game = Game(self.world)
        self.left, self.right = self.world.tables["left"], self.world.tables["right"]
        self.to_left, self.to_right = self.world.networks["left"], self.world.networks["right"]

    def enter(self, side: Side, key: str, **fields: Any) -> Life:
        """Somebody enters a record."""
        return self.world.tables[side].create({"key": key, **fields}, None)

    def pair(self, key: str, **fields: Any) -> tuple[Life, Life]:
        """A record that was entered on the left and is paired by now: (left, right)."""
        left = self.enter("left", key, **fields)
        self.run()
        return left, self.find("right", key)

    def find(self, side: Side, key: str) -> Life:
        """The one living record of a side with a key."""
        [found] = self.all(side, key)
        return found

    def all(self, side: Side, key: str) -> list[Life]:
        """All living records of a side with a key."""
        return [life for life in self.world.tables[side] if life.now.fields["key"] == key]

    def run(self, **options: Any) -> Any:
        """One run from beginning to end."""
        self.begin(**options)
        self.world.live_while(lambda: bool(self.game.working), 7200.0)
        return self.game.last

    def begin(self, **options: Any) -> Worker:
        """A run begins; it goes on while time passes."""
        options = {"full": True, "released": FIRST | BRAKES, "mortal": False, "patience": 0.0} | options
        return self.game._work("run", **options)

    def dying(self, where: str, name: str) -> None:
        """One run that dies ``before`` or ``after`` the first commit whose work has this in its name."""

        def kills(at: str, what: str) -> bool:
            return at == where and name in what

        self.world.kills = kills  # type: ignore[method-assign]
        try:
            self.run(mortal=True)
        finally:
            del self.world.kills

    def wait(self, seconds: float = 400.0) -> None:
        """Time passes."""
        self.world.live_until(self.world.now + seconds)

    def settle(self) -> None:
        """Come to rest and be judged."""
        self.game._settle()
        still = Stillness(self.world)
        still.check()
        self.game._check_quiet(still)


def _nature(changes: dict[str, Any]) -> Nature:
    own = {k: v for k, v in changes.items() if k in Nature.__dataclass_fields__ and k != "can"}
    can = {k: v for k, v in changes.items() if k not in own}
    return replace(Nature(can=replace(GOOD, **can)), **own)
