"""Times without offset as programs and databases spell them: canonical is an aware ``datetime`` in UTC."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from tallystick.core.codecs.spelling import refuse
from tallystick.core.codecs.zone import Repeated, as_utc, load_zone, to_instant, to_wall
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

# What may stand between date and time; the standard library alone would take any sign.
_SEPARATORS: Final = frozenset("Tt ")
_SAME_ALL_YEAR: Final = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT"})


@dataclass(frozen=True, slots=True)
class WallTime:
    """An ISO 8601 time without offset, taken in a zone; with as many digits as needed.

    Outside of UTC it is lossy: in the hour that clocks go back over, two instants have one spelling; ``repeated`` says
    which is meant, or refuses both. A time that carries its offset all the same is taken at its word.

    >>> WallTime("Europe/Berlin").decode("2025-07-01T12:00:00")
    datetime.datetime(2025, 7, 1, 10, 0, tzinfo=datetime.timezone.utc)
    >>> WallTime("Europe/Berlin").encode(datetime(2025, 1, 1, tzinfo=UTC))
    '2025-01-01T01:00:00'
    """

    zone: str = "UTC"
    repeated: Repeated = "earlier"
    name: ClassVar[str] = "wall_time"
    direct: ClassVar[bool] = True
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Load the zone."""
        object.__setattr__(self, "_zone", load_zone(self.zone))

    @property
    def loss(self) -> Loss:
        """Lossy where clocks may go back."""
        return "lossless" if self.zone in _SAME_ALL_YEAR else "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the instant; a time that clocks skipped is refused."""
        if raw.__class__ is str and (raw[10:11] in _SEPARATORS or raw[8:9] in _SEPARATORS):
            try:
                wall = datetime.fromisoformat(raw)
            except ValueError as cause:
                raise refuse(self.name, raw, "an ISO time such as 2025-07-01T10:00:00") from cause
            if wall.tzinfo is not None:
                return as_utc(self.name, wall)
            return wall.replace(tzinfo=UTC) if self.zone == "UTC" else to_instant(wall, self._zone, self.repeated)
        raise refuse(self.name, raw, "an ISO time such as 2025-07-01T10:00:00")

    def encode(self, value: Value) -> Any:
        """Give the wall time; with ``repeated: error`` an instant in the repeated hour is refused."""
        instant = value if value.__class__ is datetime and value.tzinfo is UTC else as_utc(self.name, value)
        wall = to_wall(instant, self._zone)
        if self.repeated == "error":
            to_instant(wall, self._zone, self.repeated)
        return wall.isoformat(
            timespec="auto" if wall.microsecond % 1000 else "milliseconds" if wall.microsecond else "seconds"
        )
