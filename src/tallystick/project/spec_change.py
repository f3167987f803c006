"""One thing that a description says otherwise than before, and what that means for a project."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["breaking", "risky", "harmless"]
Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class SpecChange:
    """A change at ``path`` in the manifest, from ``was`` to ``now`` in words.

    ``written`` is what stands in the file if that is neither, which means that a person corrected it. ``users`` are the
    mappings and fields that it touches, ``value`` is what the manifest would have there now.
    """

    path: tuple[str, ...]
    change: Change
    what: str
    verdict: Verdict
    reason: str
    was: str = ""
    now: str = ""
    written: str = ""
    is_corrected: bool = False
    users: tuple[str, ...] = ()
    because: str = ""
    value: Any = None

    @property
    def place(self) -> str:
        """The path in words: ``objects.customers.fields.phone``."""
        return ".".join(self.path)

    @property
    def is_addable(self) -> bool:
        """Whether it can be written into the manifest without touching anything that is used or corrected."""
        return self.verdict == "harmless" and self.value is not None and not self.is_corrected

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "place": self.place, "change": self.change, "what": self.what, "verdict": self.verdict,
            "reason": self.reason, "was": self.was, "now": self.now, "written": self.written,
            "corrected": self.is_corrected, "used_by": list(self.users), "because": self.because,
        }  # fmt: skip


def said(value: Any) -> str:
    """Say a value of a manifest in a few words, the same for every run."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {said(each)}" for key, each in value.items() if each not in ("", None, {}, []))
    if isinstance(value, list | tuple):
        return ", ".join(said(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def holds_all(now: Any, was: Any) -> bool:
    """Whether ``now`` only adds to ``was``: every entry is still there, with the same value or more in it."""
    if isinstance(was, dict):
        return isinstance(now, dict) and all(key in now and holds_all(now[key], each) for key, each in was.items())
    if isinstance(was, list):
        rest: Iterator[Any] = iter(now if isinstance(now, list) else ())
        return isinstance(now, list) and all(any(holds_all(one, each) for one in rest) for each in was)
    return bool(now == was)
