"""Faults as data: which requests are hit, and by what.

A fault with ``count=None`` is a trait of the system (a *personality*); one with a count is an accident. Which requests
are hit depends only on their order and on seeds, so that a run can be repeated.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from random import Random  # noqa: TID251 - seeded: the same seed hits the same requests
from typing import Any, Final, Literal, get_args

import msgspec

from tallystick.core.error import InvalidValue

What = Literal[
    # answers
    "status", "html", "truncated_json", "cut_body", "slow", "reset", "timeout_before_commit", "timeout_after_commit",
    # records in answers
    "no_id", "duplicate_keys", "wrong_types", "no_record", "no_etag", "no_field", "extra_field",
    # listings
    "repeat_page", "drop_row", "duplicate_row", "ignore_since", "exclusive_since", "ignore_filter", "unstable_sort",
    "ignore_sort", "wrong_total", "cap", "page_cap", "shift", "lag", "zone", "coarse_since", "hide_deleted",
    # reads and writes
    "stale_read", "hide_absent", "skew", "partial_bulk", "ignore_if_match", "ignore_idempotency_key", "normalise",
    # webhooks
    "drop_webhook", "duplicate_webhook", "reorder_webhooks",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: *when* it strikes and *what* it does.

    When: of the requests with this ``method`` and a path that fits the glob ``path`` (empty: any of the API), from the
    ``nth`` on, ``count`` times (``None``: always), each with ``probability`` drawn by ``seed``. Listing faults count
    listings only, write faults writes only, and so on; webhook faults count deliveries and match the event type
    (``company.updated``) in place of the path. ``skew`` stands until it is cleared. Faults of one kind take turns: a
    request that one of them hits is not seen by the next.

    What, with the settings that it reads:

    - ``status``: answer ``status`` without doing anything; ``retry_after`` in seconds, or as a date if ``date``.
    - ``html``, ``truncated_json``: the request is done, the answer is a web page or half the JSON.
    - ``cut_body``: the request is done, the connection closes in the middle of the body.
    - ``slow``: the answer comes after ``seconds``.
    - ``reset``: connection reset, nothing done. ``timeout_before_commit`` and ``timeout_after_commit``: not done, or
      done; the connection closes without an answer after ``seconds``.
    - ``no_id``, ``no_etag``: answers lack the id, or the ETag and the record version. ``no_record``: writes answer
      without the record. ``duplicate_keys``: ``field`` stands twice in each record, first with another value.
      ``wrong_types``: ``field`` (empty: all but the id) has another JSON type; ``mode="envelope"``: the list is none.
    - ``no_field``, ``extra_field``: records lack ``field``, or have one more of that name.
    - ``repeat_page``: the first page again and again, always with a next one. ``drop_row``, ``duplicate_row``:
      ``rows`` of each page. ``cap``: a listing ends after ``rows``. ``page_cap``: so does each page, whatever size was
      asked for. ``wrong_total``: the total is off by ``rows``.
    - ``ignore_since``, ``ignore_filter``: all records. ``exclusive_since``: later, not from. ``zone``: "changed since"
      is heard ``seconds`` later than it was said (negative: earlier). ``coarse_since``: it is rounded down to
      ``seconds``. ``hide_deleted``: deleted records are not listed, though they were asked for.
    - ``unstable_sort``: another order for each request. ``ignore_sort``: always in order of creation. ``shift``: after
      a page was read a record is added in front (``mode="remove"``: the first one is deleted).
    - ``lag``: listings are ``seconds`` late. ``stale_read``: so are reads by id (0: they show the version before).
    - ``hide_absent``: what is not there is answered with ``status`` and no word of that.
    - ``skew``: the server's clock is ahead by ``seconds`` (Date header and time stamps), while the fault stands.
    - ``partial_bulk``: every ``rows``-th item fails with ``status``; ``mode="cut"``: results end after ``rows``.
    - ``ignore_if_match``, ``ignore_idempotency_key``: accepted without effect.
    - ``normalise``: text of ``field`` (empty: all) is stored changed, by ``mode``: trim, truncate (to ``length``),
      upper, lower.
    - ``drop_webhook``, ``duplicate_webhook``, ``reorder_webhooks`` (delivered after the following one).
    """

    what: What
    method: str = ""
    path: str = ""
    nth: int = 1
    count: int | None = 1
    probability: float = 1.0
    seed: int = 0
    status: int = 503
    retry_after: float | None = None
    date: bool = False
    seconds: float = 0
    rows: int = 1
    field: str = ""
    length: int = 20
    mode: str = ""

    def __post_init__(self) -> None:
        """Refuse what could never strike, so that no test passes for want of its fault."""
        if self.what not in get_args(What):
            raise InvalidValue(f"there is no fault '{self.what}'", hint="one of " + ", ".join(get_args(What)))
        allowed = _MODES.get(self.what, ("",))
        if self.mode not in allowed:
            raise InvalidValue(
                f"'{self.what}' has no mode '{self.mode}'", hint="one of " + ", ".join(map(repr, allowed))
            )
        if self.nth < 1 or (self.count is not None and self.count < 1) or not 0 < self.probability <= 1:
            raise InvalidValue(
                f"fault '{self.what}' would never strike", hint="nth and count from 1, probability in (0, 1]"
            )
        if self.what in {"no_field", "extra_field"} and not self.field:
            raise InvalidValue(f"fault '{self.what}' names no field", hint="field: the name of one")
        if (self.what == "zone" and not self.seconds) or (self.what == "coarse_since" and self.seconds < 1):
            raise InvalidValue(f"fault '{self.what}' would change nothing", hint="seconds: by how many")


_MODES: Final[dict[str, tuple[str, ...]]] = {
    "wrong_types": ("", "envelope"),
    "shift": ("", "remove"),
    "partial_bulk": ("", "cut"),
    "normalise": ("trim", "truncate", "upper", "lower"),
}
Role = Literal["list", "read", "write", "bulk", "other", "webhook"]
_REQUESTS: Final = frozenset[Role]({"list", "read", "write", "bulk", "other"})
_WRITES: Final = frozenset[Role]({"write", "bulk"})
# A fault that only makes sense for some requests counts only these; all others count every request.
_ROLES: Final[dict[str, frozenset[Role]]] = (
    dict.fromkeys(
        ("repeat_page", "drop_row", "duplicate_row", "ignore_since", "exclusive_since", "ignore_filter"),
        frozenset[Role]({"list"}),
    )
    | dict.fromkeys(("unstable_sort", "wrong_total", "cap", "shift", "lag"), frozenset[Role]({"list"}))
    | dict.fromkeys(("ignore_sort", "page_cap", "zone", "coarse_since", "hide_deleted"), frozenset[Role]({"list"}))
    | dict.fromkeys(("drop_webhook", "duplicate_webhook", "reorder_webhooks"), frozenset[Role]({"webhook"}))
    | dict.fromkeys(("timeout_after_commit", "no_record", "ignore_if_match"), _WRITES)
    | dict.fromkeys(("ignore_idempotency_key", "normalise"), _WRITES)
    | {"stale_read": frozenset({"read"}), "partial_bulk": frozenset({"bulk"}), "skew": frozenset()}
)

Struck = Mapping[str, Fault]
NONE: Final[Struck] = {}


def read_faults(body: bytes) -> list[Fault]:
    """Read one fault or a list of them from JSON.

    Raises:
        InvalidValue: not a fault; the message says where.
    """
    known = {f.name for f in fields(Fault)}
    try:
        decoded: Any = msgspec.json.decode(body)
        entries = decoded if isinstance(decoded, list) else [decoded]
        for entry in entries:
            if isinstance(entry, dict) and (strange := entry.keys() - known):
                raise InvalidValue(
                    f"a fault has no {', '.join(sorted(strange))}", hint="one of " + ", ".join(sorted(known))
                )
        return msgspec.convert(entries, list[Fault])
    except msgspec.MsgspecError as e:
        raise InvalidValue("this is not a fault", detail=str(e)) from None


class _Armed:
    """A fault with what it has seen."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.struck = 0
        self._dice = Random(fault.seed)  # noqa: S311 - no secret depends on it

    @property
    def is_spent(self) -> bool:
        return self.fault.count is not None and self.struck >= self.fault.count

    def meets(self, method: str, path: str, role: Role) -> bool:
        fault = self.fault
        if self.is_spent or role not in _ROLES.get(fault.what, _REQUESTS) or (fault.method and fault.method != method):
            return False
        if not fnmatchcase(path, fault.path) if fault.path else path == "/openapi.json":
            return False
        self.seen += 1
        if self.seen < fault.nth or (fault.probability < 1 and self._dice.random() >= fault.probability):
            return False
        self.struck += 1
        return True


class Faults:
    """The faults of one twin. Safe to change while requests are served."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._armed = [_Armed(f) for f in faults]
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Let these strike from now on, beside those that stand."""
        with self._lock:
            self._armed += [_Armed(f) for f in faults]

    def clear(self) -> None:
        """Make the system well again."""
        with self._lock:
            self._armed = []

    def struck(self, what: What) -> int:
        """Count how often faults of this kind struck."""
        with self._lock:
            return sum(a.struck for a in self._armed if a.fault.what == what)

    def standing(self) -> list[dict[str, Any]]:
        """List every fault with the requests it has ``seen`` and ``struck``, for the steering address."""
        with self._lock:
            return [msgspec.to_builtins(a.fault) | {"seen": a.seen, "struck": a.struck} for a in self._armed]

    def strike(self, method: str, path: str, role: Role) -> Struck:
        """Give the faults that hit this request, one a kind, and count them."""
        if not self._armed:
            return NONE
        hits: dict[str, Fault] = {}
        with self._lock:
            for armed in self._armed:
                if armed.fault.what not in hits and armed.meets(method, path, role):
                    hits[armed.fault.what] = armed.fault
        return hits

    def skew(self) -> float:
        """Say by how many seconds the server's clock is ahead."""
        if not self._armed:
            return 0
        with self._lock:
            return sum(a.fault.seconds for a in self._armed if a.fault.what == "skew")
