"""How a listing lies: a question heard otherwise than it was asked, and rows that are not the right ones. Pure."""

from collections.abc import Callable
from dataclasses import replace

from tallystick.testing.twins.fault import Struck
from tallystick.testing.twins.table import Query


def mishear(query: Query, struck: Struck, now: float, rank: Callable[[int], int], salt: int) -> Query:
    """Give the question as a system hears it that does not do what it was told.

    ``rank`` turns milliseconds into what ``since`` is compared with; ``salt`` differs from request to request.
    """
    if "ignore_filter" in struck:
        query = replace(query, equal={})
    if "repeat_page" in struck:
        query = replace(query, offset=0, after=0)
    if "ignore_sort" in struck:
        query = replace(query, order="no", descending=False)
    if "unstable_sort" in struck:
        query = replace(query, shuffle=struck["unstable_sort"].seed + salt)
    if "lag" in struck:
        query = replace(query, as_of=now - struck["lag"].seconds)
    if "hide_deleted" in struck:
        query = replace(query, with_deleted=False)
    if "page_cap" in struck:
        query = replace(query, limit=min(query.limit, struck["page_cap"].rows))
    return _mishear_since(query, struck, rank)


def _mishear_since(query: Query, struck: Struck, rank: Callable[[int], int]) -> Query:
    if query.since is None or "ignore_since" in struck:
        return replace(query, since=None)
    second, since = rank(1000) - rank(0), query.since
    if zone := struck.get("zone"):
        since += round(zone.seconds * second)
    if coarse := struck.get("coarse_since"):
        since -= since % round(coarse.seconds * second)
    inclusive = query.since_inclusive and "exclusive_since" not in struck
    return replace(query, since=since, since_inclusive=inclusive)


def disturb_rows(rows: list[bytes], total: int, struck: Struck) -> tuple[list[bytes], int]:
    """Drop and double rows of a page, and miscount them."""
    if fault := struck.get("drop_row"):
        middle = len(rows) // 2
        rows = rows[:middle] + rows[middle + fault.rows :]
    if fault := struck.get("duplicate_row"):
        rows = rows + rows[: fault.rows]
    if fault := struck.get("wrong_total"):
        total = max(0, total + fault.rows)
    return rows, total
