"""What `tally apply` will cost, from the plan, the manifests and the pace of the plan; in words and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tallystick.cli.output import number
from tallystick.core.forecast import Calls, Forecast, Load, Pace, count_calls, weigh
from tallystick.core.plan import Plan
from tallystick.core.record import SIDES
from tallystick.engine.pair import Pair
from tallystick.wiring import House

HEADS: Final = ("calls to", "read", "before writing", "write", "after writing", "at most per second", "about")
_MINUTE: Final = 60
_HOUR: Final = 3600


def begin_paces(house: House) -> dict[str, Pace]:
    """Begin to keep the pace of every system, with what its manifest allows."""
    paces = {}
    for name, manifest in house.loaded.manifests.items():
        flights = [e.can.in_flight for p in house.pairs for e in (p.left, p.right) if e.system == name]
        paces[name] = Pace(rate=manifest.limits.requests_per_second, in_flight=min(flights, default=1))
    return paces


def calls_left(house: House) -> dict[str, int | None]:
    """Give the calls that the day still allows, by system, where there is such a limit."""
    return {name: meter.left() for name, meter in house.meters.items()}


def forecast_of(
    plan: Plan, pairs: Sequence[Pair], paces: Mapping[str, Pace], left: Mapping[str, int | None]
) -> Forecast:
    """Estimate what carrying out a plan will cost; ``left`` are the calls that the day still allows."""
    planned = {p.pair: p for p in plan.pairs}
    paces = {name: replace(pace, left=left.get(name)) for name, pace in paces.items()}
    calls: dict[tuple[str, str], Calls] = {}
    of_system: dict[str, list[Calls]] = {}
    for pair in pairs:
        for side in SIDES:
            end = pair.end(side)
            needed = count_calls(end.can, planned[pair.name].actions.get(side, {}) if pair.name in planned else {})
            calls[pair.name, side] = needed
            of_system.setdefault(end.system, []).append(needed)
    return Forecast({name: weigh(paces.get(name, Pace()), made) for name, made in of_system.items()}, calls)


def duration(seconds: float) -> str:
    """Say roughly how long something takes."""
    if seconds < 1:
        return "less than a second"
    if seconds < _MINUTE:
        return number(round(seconds), "second")
    if seconds < _HOUR:
        return number(round(seconds / _MINUTE), "minute")
    return f"{seconds / _HOUR:,.1f} hours"


def forecast_words(forecast: Forecast) -> str:
    """Say in one line what it comes to, and which system's quota of the day that is too much for."""
    cost = f"Carrying it out: about {number(forecast.total, 'call')} and {duration(forecast.seconds)}"
    short = [
        f"{name}: about {number(load.total, 'call')}, {load.left or 0:,} left of the day's quota"
        for name, load in sorted(forecast.loads.items())
        if load.is_too_much
    ]
    return f"{cost}. Not in one day: {'; '.join(short)}; a later run goes on" if short else cost


def forecast_rows(forecast: Forecast) -> list[tuple[str, ...]]:
    """Give a row for each system."""
    return [(name, *_cells(load)) for name, load in sorted(forecast.loads.items())]


def _cells(load: Load) -> tuple[str, ...]:
    counts = (load.read, load.before, load.writes, load.after)
    rate = "-" if load.rate is None else f"{load.rate:g}"
    return (*(f"{count:,}" for count in counts), rate, duration(load.seconds))


def bulk_words(forecast: Forecast, pair: str, side: str) -> str:
    """Say how the writes to a side are sent, where several records go in one call."""
    calls = forecast.calls.get((pair, side), Calls())
    if calls.bulk <= 1 or not calls.writes:
        return ""
    return f"{number(calls.writes, 'call')}, up to {number(calls.bulk, 'record')} created or changed in one"


def forecast_document(forecast: Forecast) -> dict[str, Any]:
    """Write a forecast as JSON; seconds are estimates."""
    return {
        "calls": forecast.total,
        "seconds": round(forecast.seconds, 1),
        "systems": {
            name: {
                "read": load.read,
                "before_writing": load.before,
                "write": load.writes,
                "after_writing": load.after,
                "requests_per_second": load.rate,
                "calls_left": load.left,
                "seconds": round(load.seconds, 1),
            }
            for name, load in sorted(forecast.loads.items())
        },
        "writes": [
            {
                "mapping": pair,
                "side": side,
                "before_writing": calls.before,
                "write": calls.writes,
                "after_writing": calls.after,
                "records_per_call": calls.bulk,
            }
            for (pair, side), calls in forecast.calls.items()
            if calls.total
        ],
    }
