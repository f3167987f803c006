"""The conformance suite against a system that is in use: each law by itself, on canaries that are removed again.

``try_reading`` looks at what is there and changes nothing. ``try_writing`` makes records of its own; it must have been
allowed by somebody who knows that the system is no production.
"""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal
from unittest import SkipTest

from tallystick.core.error import Error
from tallystick.core.path import parse
from tallystick.core.ports import Connector, Transport
from tallystick.core.record import Raw
from tallystick.project.canary import canary_body, plain_field
from tallystick.project.manifest import ObjectSpec
from tallystick.testing.canary import Canaries
from tallystick.testing.conformance import ConnectorConformance
from tallystick.testing.conformance_subject import TEXTS
from tallystick.testing.standing_laws import StandingLaws

Verdict = Literal["holds", "broken", "skipped"]
_PREFIX = "test_"
# More are not listed again and again, page by page.
LARGE = 300
_NEEDS_EMPTY = "test_a_listing_loses_nothing_while_records_come_and_go"


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one law. ``why`` says what broke it, or why it was not tried."""

    law: str
    promise: str
    verdict: Verdict
    why: str = ""


@dataclass(slots=True)
class Trial:
    """One object of one system under trial. ``token`` marks its canaries; ``now`` gives seconds UTC."""

    object_name: str
    spec: ObjectSpec
    connector: Connector
    transport: Transport
    text_field: str
    token: str
    now: Callable[[], float]
    given: Raw = field(default_factory=dict)
    left_behind: set[str] = field(default_factory=set)
    """Ids of canaries that could not be removed."""

    def try_reading(self) -> Iterator[Finding]:
        """Try the laws that need nothing but what is there."""
        laws = StandingLaws(self.object_name, self.connector, self.transport)
        for law in laws_of(StandingLaws):
            yield _judge(law, getattr(laws, law))

    def try_writing(self) -> Iterator[Finding]:
        """Try the whole suite on canaries; each law begins without any and leaves none."""
        count = StandingLaws(self.object_name, self.connector, self.transport).count(LARGE + 1)
        for law in laws_of(ConnectorConformance):
            if law == _NEEDS_EMPTY and count:
                yield Finding(law, _promise(law), "skipped", "it needs a system that holds no other records")
            else:
                yield self.try_one(law, count)

    def try_one(self, law: str, count: int = 0) -> Finding:
        """Try one law of the suite on canaries, in an object that holds ``count`` other records."""
        canaries = Canaries(
            self.connector, set(), f"{self.token}-{law}-", is_large=count > LARGE, since=self._since(count)
        )
        try:
            return _judge(law, getattr(self._suite(canaries), law))
        finally:
            self.left_behind |= self._remove(canaries)

    def _since(self, count: int) -> float | None:
        claims = self.connector.capabilities(self.object_name)
        is_narrowed = count > LARGE and claims.since
        return self.now() - claims.granularity - claims.skew if is_narrowed else None

    def _suite(self, canaries: Canaries) -> ConnectorConformance:
        spec, text_field = self.spec, self.text_field
        token, given, pair = self.token, self.given, (canaries, self.transport)
        longest = spec.fields[text_field].max_length if text_field in spec.fields else None
        kept = [path for path, each in spec.fields.items() if each.read_only]
        kept += [each for each in (spec.modified, spec.version) if each and not each.startswith("header:")]
        uniques = [path for path, each in spec.fields.items() if each.unique and not each.read_only]
        members: dict[str, Any] = {
            "object_name": self.object_name,
            "text_field": text_field,
            "unique_field": next(iter(uniques), ""),
            "nullable_field": plain_field(spec, "text", text_field),
            "integer_field": plain_field(spec, "integer", text_field),
            "number_field": plain_field(spec, "number", text_field),
            "kept_by_system": frozenset(str(parse(path)[0]) for path in kept),
            # A field of one line may well refuse line ends.
            "texts": tuple(text for text in TEXTS if "\n" not in text and (longest is None or len(text) <= longest)),
            "integers": (0, 41),
            "numbers": (Decimal("0.5"), Decimal("1234.25")),
            # Both are common and neither loses a record, so they are no fault of a system.
            "keeps_empty_text": False,
            "refuses_unknown_fields": False,
            "open": lambda _: pair,
            "body": lambda _, number: canary_body(spec, text_field, token, number, given),
        }
        suite: ConnectorConformance = type("LiveConformance", (ConnectorConformance,), members)()
        return suite

    def _remove(self, canaries: Canaries) -> set[str]:
        left = set()
        for record_id in sorted(canaries.own):
            try:
                found = self.transport.run(self.connector.get(self.object_name, record_id))
                version = getattr(found, "version", None)
                if hasattr(found, "record"):
                    self.transport.run(self.connector.delete(self.object_name, record_id, version))
            except Error:
                left.add(record_id)
        return left


def laws_of(suite: type[Any]) -> tuple[str, ...]:
    """Name the laws of a suite in the order in which they are written."""
    found = [name for each in reversed(suite.__mro__) for name in vars(each) if name.startswith(_PREFIX)]
    return tuple(dict.fromkeys(found))


def _promise(law: str) -> str:
    return str(getattr(ConnectorConformance, law).__doc__ or "").strip().partition("\n")[0]


def _judge(law: str, attempt: Callable[[], None]) -> Finding:
    promise = str(attempt.__doc__ or "").strip().partition("\n")[0]
    try:
        attempt()
    except SkipTest as reason:
        return Finding(law, promise, "skipped", str(reason))
    except Error as error:
        said = "; ".join(part for part in (error.message, error.detail, error.hint) if part)
        return Finding(law, promise, "broken", said)
    except AssertionError as error:
        return Finding(law, promise, "broken", str(error) or _failed_line(error))
    except (ValueError, LookupError, TypeError) as error:
        # What came was so different that the law could not even look at it.
        return Finding(law, promise, "broken", f"{type(error).__name__} in {_failed_line(error)}")
    return Finding(law, promise, "holds")


def _failed_line(error: Exception) -> str:
    """Give what was expected where the law has no words for it: the line that failed."""
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if "conformance" in frame.filename]
    return f"expected: {(lines[-1] if lines and lines[-1] else '').removeprefix('assert ')}"
