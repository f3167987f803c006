"""Two descriptions of one system and the manifest that people keep: what changed, and what it means for a project.

Three-way: as described *then*, as *written*, as described *now*. What is written as it is described now is settled;
what is written otherwise than it was described was corrected by a person, and is told apart. Pure.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, get_args

from pydantic import BaseModel

from tallystick.project.ability import Ability
from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.spec_change import Change, SpecChange, Verdict, holds_all, said
from tallystick.project.spec_fields import compare_fields
from tallystick.project.spec_usage import Usage

_CALLS: Final[tuple[str, ...]] = get_args(Ability)
_BULK: Final = ("create_bulk", "update_bulk")
_SETTINGS: Final = (
    "id", "id_type", "paging", "since", "sort", "filters", "version", "if_match", "modified", "modified_format",
    "created", "deleted", "table", "file", "claims", "inside", "under", "export", "quotes", "clear",
)  # fmt: skip
_STOPS: Final = frozenset({"id", "table", "file", "inside", "under"})
_SYSTEM: Final = ("protocol", "base_url", "url", "auth", "limits", "network", "timezone", "rpc")
_PAGE_SIZES: Final = frozenset({"size", "size_param", "limit", "limit_param", "total", "default_size"})
_MESSAGES: Final = ("operations", "types", "objects")
_NOTHING: Final[tuple[Any, ...]] = (None, "", {}, [])
_Judge = Callable[[str, Change, Any, Any], tuple[Verdict, str]]
_ORDER: Final[tuple[Verdict, ...]] = get_args(Verdict)
_ADDED_UNUSED: Final = "it is there now, and nothing uses it"


def compare_descriptions(
    then: Manifest, written: Manifest, now: Manifest, usage: Mapping[str, Usage]
) -> list[SpecChange]:
    """Give every change between two descriptions that is not written down yet, the breaking ones first.

    ``usage`` says by object what the project uses. Without a description of then give ``written`` for it: corrections
    cannot be told from changes then.
    """
    compared = _Comparison(then, written, now, usage)
    return sorted(compared.changes(), key=lambda change: _ORDER.index(change.verdict))


class _Comparison:
    def __init__(self, then: Manifest, written: Manifest, now: Manifest, usage: Mapping[str, Usage]) -> None:
        self.then = then
        self.written = written
        self.now = now
        self.usage = usage

    def changes(self) -> Iterator[SpecChange]:
        """Walk system, messages, objects."""
        for key in _SYSTEM:
            yield from self._setting((key,), self.then, self.written, self.now, self._of_system)
        for protocol in ("soap", "graphql"):
            yield from self._messages(protocol)
        for name in dict.fromkeys((*self.then.objects, *self.now.objects)):
            yield from self._object(name)

    # --- the system as a whole ------------------------------------------------------------------------------------

    def _of_system(self, key: str, _: Change, was: Any, now: Any) -> tuple[Verdict, str]:
        if not self.usage:
            return "harmless", "no mapping uses this system"
        if key == "limits":
            lower = (now or {}).get("requests_per_second") or float("inf")
            less = lower < ((was or {}).get("requests_per_second") or float("inf"))
            return ("risky", "fewer requests are allowed") if less else ("harmless", "more requests are allowed")
        if key in {"timezone", "rpc"}:
            return "risky", "values may be read otherwise"
        if key == "network":
            new = set((now or {}).get("headers", {})) - set((was or {}).get("headers", {}))
            return ("breaking", "every request needs it") if new else ("risky", "it is sent with every request")
        return "breaking", "every request depends on it"

    def _messages(self, protocol: str) -> Iterator[SpecChange]:
        """Compare the messages of a service by name; a type is used if anything of the system is."""
        then, written, now = (_plain(getattr(each, protocol)) or {} for each in (self.then, self.written, self.now))
        for shelf in _MESSAGES:
            known, kept, new = (each.get(shelf, {}) for each in (then, written, now))
            for name in dict.fromkeys((*known, *new)):
                was, here, there = known.get(name), kept.get(name), new.get(name)
                if any(there == each for each in (was, here)):
                    continue
                path = (protocol, shelf, name)
                yield self._changed(
                    path, f"message {shelf[:-1]}", was, here, there, *self._of_message(name, was, there)
                )

    def _of_message(self, name: str, was: Any, now: Any) -> tuple[Verdict, str]:
        users = [title for title, spec in self.written.objects.items() if title in self.usage and _names(spec, name)]
        if was is None or (now is not None and holds_all(now, was)):
            return "harmless", "it has more than before" if was is not None else _ADDED_UNUSED
        if users or name in self.usage:
            return "breaking", "a call that is used is spelled otherwise"
        return ("risky", "messages are made of it") if self.usage else ("harmless", "no mapping uses this system")

    # --- objects --------------------------------------------------------------------------------------------------

    def _object(self, name: str) -> Iterator[SpecChange]:
        then, written, now = (each.objects.get(name) for each in (self.then, self.written, self.now))
        usage = self.usage.get(name)
        path = ("objects", name)
        if now is None:
            if written is not None:
                verdict: Verdict = "breaking" if usage else "harmless"
                reason = "it is mapped" if usage else "nothing maps it"
                yield SpecChange(path, "removed", "object", verdict, reason, users=_users(usage))
            return
        if then is None:
            if written is None:
                value = now.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                told = f"{len(now.fields)} fields"
                yield SpecChange(path, "added", "object", "harmless", "nothing maps it yet", now=told, value=value)
                return
            then = written  # a person wrote it first
        if written is None:
            return  # a person took the object out
        for key in (*_CALLS, *_BULK):
            yield from self._setting((*path, key), then, written, now, self._of_call(usage))
        for key in _SETTINGS:
            yield from self._setting((*path, key), then, written, now, self._of_object(usage))
        yield from compare_fields(name, then, written, now, usage, self.now.facts)

    def _of_call(self, usage: Usage | None) -> _Judge:
        def judge(key: str, change: Change, was: Any, now: Any) -> tuple[Verdict, str]:
            if change == "added":
                return "harmless", _ADDED_UNUSED
            if usage is None or key.removesuffix("_bulk") not in usage.calls:
                return "harmless", "nothing uses this call"
            if key.endswith("_bulk"):
                return "risky", "records are sent one by one without it" if change == "removed" else "it is used"
            if change == "removed":
                return "breaking", "it is used"
            place = {"method", "path", "record", "wrap", "encoding", "answer"}
            moved = any(was.get(part) != now.get(part) for part in place)
            return ("breaking", "it is used") if moved else ("risky", "it is used, and asked for otherwise")

        return judge

    def _of_object(self, usage: Usage | None) -> _Judge:
        def judge(key: str, change: Change, was: Any, now: Any) -> tuple[Verdict, str]:
            if usage is None:
                return "harmless", "nothing maps the object"
            if key in _STOPS:
                return "breaking", "records are found by it"
            if change == "added" and key != "paging":
                return "harmless", _ADDED_UNUSED
            if key == "paging":
                same = {k: v for k, v in (was or {}).items() if k not in _PAGE_SIZES}
                is_size = same == {k: v for k, v in (now or {}).items() if k not in _PAGE_SIZES}
                return ("risky", "pages get another size") if is_size else ("breaking", "its listing is read by it")
            if key == "filters" and holds_all(now, was):
                return "harmless", "there are more than before"
            return "risky", "it is relied on"

        return judge

    # --- one setting ----------------------------------------------------------------------------------------------

    def _setting(
        self, path: tuple[str, ...], then: Manifest | ObjectSpec, written: Manifest | ObjectSpec,
        now: Manifest | ObjectSpec, judge: _Judge,
    ) -> Iterator[SpecChange]:  # fmt: skip
        key = path[-1]
        was, here, there = (_plain(getattr(each, key), key=key) for each in (then, written, now))
        if any(there == each for each in (was, here)):
            return
        change = _kind(was, there)
        yield self._changed(path, _what(key), was, here, there, *judge(key, change, was, there))

    def _changed(
        self, path: tuple[str, ...], what: str, was: Any, here: Any, there: Any, verdict: Verdict, reason: str
    ) -> SpecChange:
        corrected = here != was
        if corrected and verdict == "breaking":
            verdict, reason = "risky", f"{reason}; you corrected it, and what you wrote stays"
        fact = self.now.facts.get(".".join(path))
        is_object = path[0] == "objects" and len(path) > 1
        users = _users(self.usage.get(path[1])) if is_object else tuple(self.usage)
        told, now = _differences(was, there)
        made = SpecChange(path, _kind(was, there), what, verdict, reason, told, now, users=users, value=there)
        because = fact.because if fact else ""
        return replace(made, is_corrected=corrected, written=said(here) if corrected else "", because=because)


def _kind(was: Any, now: Any) -> Change:
    return "added" if was in _NOTHING else "removed" if now in _NOTHING else "changed"


def _what(key: str) -> str:
    return f"call {key}" if key in _CALLS or key in _BULK else key.replace("_", " ")


def _plain(value: Any, *, key: str = "") -> Any:
    """Give a setting as plain data without what is left at its default; nothing where it says nothing."""
    if isinstance(value, BaseModel):
        dumped = value.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        kind = getattr(value, "type", "")
        if key in {"auth", "paging"} and kind != "none":
            dumped["type"] = kind
        return dumped or None
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()} or None
    return value or None


def _differences(was: Any, now: Any) -> tuple[str, str]:
    """Say what differs, without what two values share."""
    if isinstance(was, dict) and isinstance(now, dict):
        return (
            said({k: v for k, v in was.items() if now.get(k) != v}),
            said({k: v for k, v in now.items() if was.get(k) != v}),
        )
    return said(was), said(now)


def _names(spec: ObjectSpec, call: str) -> bool:
    """Whether an object's calls go by a name."""
    return any(each is not None and each.path == call for each in (getattr(spec, key) for key in _CALLS))


def _users(usage: Usage | None) -> tuple[str, ...]:
    return tuple(usage.mappings) if usage else ()
