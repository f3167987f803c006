"""The error tree: grouped by what to do about an error and by who can do it.

Error:
    ├── ProjectError      fix the project files            stop    project author
    ├── AccessError       credentials, rights, firewall    stop    operator
    ├── RemoteError       the other system answered badly, late or not at all
    │   ├── Unavailable   time-out, DNS, reset, 5xx        retry   system owner
    │   │   └── Unsent    its turn did not come in time    retry   system owner
    │   ├── Throttled     429, with the wait               retry   operator
    │   ├── Refused       4xx: this record is not wanted   park    data owner
    │   ├── Stale         version moved: 409, 412          replan  operator
    │   ├── Absent        the record is not there: 404,410 replan  operator
    │   ├── CursorStuck   a listing ends before its end    stop    project author
    │   ├── Expired       changes cannot be told any more  replan  operator
    │   └── Garbled       HTML, cut JSON, wrong shape      stop    system owner
    ├── DataError         one record cannot be used        park    data owner
    ├── UnsafePlan        a brake holds                    ask     operator
    ├── StoreError        our own state                    stop    operator
    └── Bug               our fault                        park    developer

Every class fixes ``code`` (stable, documented), ``recovery`` and ``audience``. An instance carries a message
(what), a detail (why), a hint (what to do) and a place; never a record's payload.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Recovery = Literal["retry", "park", "replan", "stop", "ask"]
Audience = Literal["project author", "data owner", "system owner", "operator", "developer"]


class Error(Exception):
    """Any failure that Tallystick names.

    ``place`` says where: ``file:line:column``, ``system/object/id`` or an address without secrets.
    """

    code: ClassVar[str] = "error"
    recovery: ClassVar[Recovery] = "stop"
    audience: ClassVar[Audience] = "operator"

    def __init__(self, message: str, *, detail: str = "", hint: str = "", place: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        """Give one line: place, what, why."""
        where = f"{self.place}: " if self.place else ""
        why = f" ({self.detail})" if self.detail else ""
        return f"{where}{self.message}{why}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a project file. ``line`` and ``column`` count from 1; 0 means the whole file."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """Give ``file:line:column: message``, as editors and terminals link it."""
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ProjectError(Error):
    """The project files are wrong; ``problems`` lists everything found, not only the first."""

    code = "project"
    audience = "project author"

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, hint: str = "", place: str = "") -> None:
        super().__init__(message, detail="; ".join(map(str, problems)), hint=hint, place=place)
        self.problems = tuple(sorted(problems))


class AccessError(Error):
    """The system does not let us in or does not let us do this: 401, 403, expired token, failed TLS.

    ``layer`` is what refused: the ``service``, or already the ``proxy`` or the ``encryption`` on the way to it.
    ``status`` is that of HTTP, 0 where there is none.
    """

    code = "access"

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        hint: str = "",
        place: str = "",
        layer: Literal["service", "proxy", "encryption"] = "service",
        status: int = 0,
    ) -> None:
        super().__init__(message, detail=detail, hint=hint, place=place)
        self.layer = layer
        self.status = status


class RemoteError(Error):
    """The other system failed. ``applied`` is what is known of a write: ``"no"``, or ``"unknown"`` (R-10.3)."""

    code = "remote"
    audience: ClassVar[Audience] = "system owner"

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        hint: str = "",
        place: str = "",
        status: int = 0,
        applied: Literal["no", "unknown"] = "no",
    ) -> None:
        super().__init__(message, detail=detail, hint=hint, place=place)
        self.status = status
        self.applied = applied


class Unavailable(RemoteError):
    """No answer or a server's failure; the same request may work later."""

    code = "unavailable"
    recovery = "retry"


class Unsent(Unavailable):
    """A write whose turn did not come in time, so that it was not sent; it proves nothing about the system."""

    code = "unsent"


class Throttled(RemoteError):
    """Too many requests. ``wait_seconds`` is the system's own word, of any length.

    ``is_for_listings`` tells that only listings of everything have to wait, and that there is room for what changed.
    """

    code = "throttled"
    recovery = "retry"
    audience = "operator"

    def __init__(
        self,
        message: str,
        *,
        wait_seconds: float,
        is_for_listings: bool = False,
        detail: str = "",
        hint: str = "",
        place: str = "",
    ) -> None:
        super().__init__(message, detail=detail, hint=hint, place=place, status=429)
        self.wait_seconds = wait_seconds
        self.is_for_listings = is_for_listings


class Refused(RemoteError):
    """The system understood and said no to this record (400, 422, constraint violated).

    ``field`` is the target's field when the system named one. Where it named several, ``named`` has all of them with
    what it said of each, ``field`` among them.
    """

    code = "refused"
    recovery = "park"
    audience = "data owner"

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        hint: str = "",
        place: str = "",
        status: int = 0,
        field: str = "",
        named: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, detail=detail, hint=hint, place=place, status=status)
        self.field = field
        self.named = dict(named or {})

    def each(self) -> "tuple[Refused, ...]":
        """Give one refusal for each field that was named, in the system's order; itself where there are not several."""
        if len(self.named) <= 1:
            return (self,)
        found = []
        for name, said in self.named.items():
            one = copy(self)
            one.field, one.named = name, {}
            one.detail = f"status {self.status}: {said}" if said and self.status else said or self.detail
            found.append(one)
        return tuple(found)


class Stale(RemoteError):
    """The record changed since it was last seen (409, 412, a row that no longer matches). Plan again."""

    code = "stale"
    recovery = "replan"
    audience = "operator"


class Absent(RemoteError):
    """The record to be written is not there (404, 410, no row). Observe again; it may be deleted or hidden."""

    code = "absent"
    recovery = "replan"
    audience = "operator"


class Duplicate(Refused):
    """A create was refused because a unique key exists already. Find that record and adopt it (R-10.8)."""

    code = "duplicate"


class Garbled(RemoteError):
    """The answer is not what the protocol promises: HTML, cut JSON, a page that repeats, a listing without records."""

    code = "garbled"


class CursorStuck(RemoteError):
    """A listing is cut off at a limit of the system, and there is no way to ask for the rest (R-11.7)."""

    code = "cursor_stuck"
    audience = "project author"


class Expired(RemoteError):
    """The system cannot say any more what changed since the last read, so everything is read (R-11.10)."""

    code = "expired"
    recovery = "replan"
    audience = "operator"


class DataError(Error):
    """One record cannot be used as it is; it is parked and the run goes on. ``field`` names the culprit.

    Where only some values of a record cannot be read, ``rest`` holds its canonical values, those at fault unknown, and
    ``also`` the faults of the further ones, each naming its own field.
    """

    code = "data"
    recovery = "park"
    audience = "data owner"

    def __init__(self, message: str, *, field: str = "", detail: str = "", hint: str = "", place: str = "") -> None:
        super().__init__(message, detail=detail, hint=hint, place=place)
        self.field = field
        self.rest: tuple[Any, ...] = ()
        self.also: tuple[DataError, ...] = ()


class InvalidValue(DataError):
    """A value breaks a rule: type, length, range, pattern, spelling."""

    code = "invalid_value"


class UnknownOption(DataError):
    """A select option has no counterpart in the mapping. ``option`` is its key, empty where it is too long for one.

    Where it ``is_grave`` the whole record waits, and not its field alone.
    """

    code = "unknown_option"

    def __init__(
        self,
        message: str,
        *,
        option: str = "",
        is_grave: bool = False,
        field: str = "",
        detail: str = "",
        hint: str = "",
        place: str = "",
    ) -> None:
        super().__init__(message, field=field, detail=detail, hint=hint, place=place)
        self.option = option
        self.is_grave = is_grave


class MissingReference(DataError):
    """The record that this one points to is not paired yet; released by itself when it is.

    ``waits_for`` is ``pair/side/id`` of that record, or ``pair/binding/number`` where only its pairing is known.
    """

    code = "missing_reference"

    def __init__(self, message: str, *, waits_for: str = "", field: str = "", detail: str = "", hint: str = "") -> None:
        super().__init__(message, field=field, detail=detail, hint=hint)
        self.waits_for = waits_for


class BrokenRule(DataError):
    """A record breaks a rule of the mapping. Its kinds say what happens; the message is the rule's."""

    code = "broken_rule"


class DroppedByRule(BrokenRule):
    """The field is left out of what is written, and the rest of the record goes on."""

    code = "rule_drop"


class ParkedByRule(BrokenRule):
    """Nothing of the record is written to that side until it keeps the rule."""

    code = "rule_park"


class StoppedByRule(BrokenRule):
    """As long as one record breaks the rule, nothing of the mapping is written to that side without a person's word."""

    code = "rule_stop"


class WarnedByRule(BrokenRule):
    """The record is written all the same, and the plan counts it."""

    code = "rule_warn"


class LikelyRefused(WarnedByRule):
    """The target refused such a value before; the record is written all the same, for no person made it a rule yet."""

    code = "likely_refused"


class UnsafePlan(Error):
    """A brake holds the plan; the message carries the numbers and the command that releases it."""

    code = "unsafe_plan"
    recovery = "ask"


class StoreError(Error):
    """Our own state cannot be used: locked, wrong version, damaged, lease lost."""

    code = "store"


class Bug(Error):
    """Something in Tallystick or in a user's expression broke where it must not."""

    code = "bug"
    recovery = "park"
    audience = "developer"
