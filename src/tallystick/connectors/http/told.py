"""What the headers of an answer say is left of a quota: by general rules for the usual spellings, or by given names.

X-RateLimit-Remaining, -Limit, -Reset        and every ``...-Remaining`` with its neighbours, of a day or not
RateLimit: "day";r=90;t=3600                 with ``RateLimit-Policy``; also the older ``limit=, remaining=, reset=``
Some-Limit: 32/40, Limit-Info: usage=18/5000 used and most in one
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tallystick.connectors.http.limits import http_date, number_of, server_time
from tallystick.connectors.http.message import Headers
from tallystick.core.quota import Meter
from tallystick.project.manifest import LimitHeaders

_USUAL: Final = (b"rate", b"limit", b"quota")
_ABOUT: Final = re.compile(r"rate-?limit|quota|(?:^|-)limit(?:-|$)|(?:calls?|requests?)-")
_DAILY: Final = re.compile(r"(?:^|[^a-z])(?:day|daily|per-day|24h|api-usage)(?:[^a-z]|$)", re.IGNORECASE)
_RATIO: Final = re.compile(r"(?:([\w-]+)\s*=\s*)?\b(\d{1,12})\s*/\s*(\d{1,12})\b")
_OLDER: Final = re.compile(r"(limit|remaining|reset)\s*=\s*(\d+)")
_NAMED: Final = re.compile(r";\s*([rtqw])\s*=\s*(\d+)")
_MOSTLY_A_DAY: Final = 12 * 3600
_EPOCH: Final = 1e8  # a reset later than this is an instant, not a wait: three years of seconds
_EPOCH_MS: Final = 1e11
_MOMENT: Final = 1.0  # where a bucket that refills by itself is full and nothing says when it has room


@dataclass(frozen=True, slots=True)
class Told:
    """``left`` calls of ``limit`` (``None``: not said); more in ``reset`` seconds. ``is_daily``: the quota of a day."""

    left: int
    limit: int | None = None
    reset: float | None = None
    is_daily: bool = False


def tell_meter(meter: Meter | None, headers: Headers, wall: float, names: LimitHeaders | None = None) -> None:
    """Tell the meter what the system says is left of the day; of several counts, the one that ends first."""
    daily = [told for told in read_told(headers, wall, names) if told.is_daily] if meter is not None else []
    if meter is not None and daily:
        least = min(daily, key=lambda told: told.left)
        meter.hear(least.left, least.limit or least.left, least.reset)


def speaks_of_limits(headers: Headers, names: LimitHeaders | None = None) -> bool:
    """Tell whether it is worth while to read the headers."""
    return headers.mention(*_USUAL, *(given.lower().encode() for given in _given(names)))


def read_told(headers: Headers, wall: float, names: LimitHeaders | None = None) -> list[Told]:
    """Give all that the headers say is left; ``wall`` is our time, for instants where the server tells none."""
    given = _given(names)
    if names is not None and given:
        return list(_by_names(headers, wall, names))
    return [*_neighbours(headers, wall), *_structured(headers), *_ratios(headers)]


def wait_when_spent(headers: Headers, wall: float, names: LimitHeaders | None = None) -> float | None:
    """Give the seconds until there is more, when the headers say that nothing is left of some quota."""
    if not speaks_of_limits(headers, names):
        return None
    spent = [told.reset for told in read_told(headers, wall, names) if told.left <= 0 and told.reset is not None]
    return max(spent, default=None)


def _given(names: LimitHeaders | None) -> tuple[str, ...]:
    return () if names is None else tuple(filter(None, (names.remaining, names.used)))


def _by_names(headers: Headers, wall: float, names: LimitHeaders) -> Iterator[Told]:
    text = headers.get(names.remaining or names.used) or ""
    ratio = _RATIO.search(text)
    first = _whole(text) if ratio is None else int(ratio[2])
    most = _whole(headers.get(names.limit) if names.limit else None) if ratio is None else int(ratio[3])
    reset = headers.get(names.reset) if names.reset else None
    is_daily = names.per == "day"
    wait = _until(reset, headers, wall) if reset else None if is_daily else _MOMENT
    if first is not None and names.remaining:
        yield Told(first, most, wait, is_daily)
    elif first is not None and most is not None:
        yield Told(max(0, most - first), most, wait, is_daily)


def _neighbours(headers: Headers, wall: float) -> Iterator[Told]:
    for name in headers.names():
        left = _whole(headers.get(name)) if "remaining" in name and _ABOUT.search(name) else None
        if left is None:
            continue
        limit = _whole(_beside(headers, name, "limit", "max", ""))
        reset = _beside(headers, name, "reset", "reset-after")
        wait = _until(reset, headers, wall) if reset else None
        if wait is None and (milliseconds := _whole(_beside(headers, name, "interval-milliseconds"))) is not None:
            wait = milliseconds / 1000
        yield Told(left, limit, wait, is_daily=_DAILY.search(name) is not None)


def _beside(headers: Headers, name: str, *others: str) -> str | None:
    """Give the header that is called like this one, with another word in the place of ``remaining``."""
    for other in others:
        beside = name.replace("remaining", other).replace("--", "-").strip("-")
        if beside != name and (value := headers.get(beside)) is not None:
            return value
    return None


def _structured(headers: Headers) -> Iterator[Told]:
    text = ", ".join(headers.every("ratelimit"))
    older = dict(_OLDER.findall(text))
    if "remaining" in older:
        limit = int(older["limit"]) if "limit" in older else None
        yield Told(int(older["remaining"]), limit, float(older["reset"]) if "reset" in older else None)
        return
    policies = {
        _label(item): dict(_NAMED.findall(item)) for item in ",".join(headers.every("ratelimit-policy")).split(",")
    }
    for item in text.split(",") if text else ():
        said = dict(_NAMED.findall(";" + item))
        policy = policies.get(_label(item), {})
        if "r" not in said:
            continue
        limit = int(policy["q"]) if "q" in policy else None
        reset = float(said["t"]) if "t" in said else None
        window = float(policy.get("w", reset or 0))
        yield Told(int(said["r"]), limit, reset, is_daily=window >= _MOSTLY_A_DAY or bool(_DAILY.search(_label(item))))


def _label(item: str) -> str:
    return item.partition(";")[0].strip().strip('"').lower()


def _ratios(headers: Headers) -> Iterator[Told]:
    for name in headers.names():
        if "limit" not in name and "quota" not in name:
            continue
        for label, first, most in _RATIO.findall(headers.get(name) or ""):
            left = int(first) if "remaining" in name else int(most) - int(first)
            is_daily = _DAILY.search(name) is not None or _DAILY.search(label) is not None
            yield Told(max(0, left), int(most), None if is_daily else _MOMENT, is_daily)


def _until(reset: str, headers: Headers, wall: float) -> float | None:
    seconds = number_of(reset)
    here = server_time(headers)
    here = wall if here is None else here
    if seconds is None:
        at = _iso(reset) or http_date(reset)
        return None if at is None else max(0.0, at - here)
    if seconds > _EPOCH:
        return max(0.0, (seconds / 1000 if seconds > _EPOCH_MS else seconds) - here)
    return max(0.0, seconds)


def _whole(text: str | None) -> int | None:
    value = number_of(text) if text else None
    return None if value is None else int(value)


def _iso(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
