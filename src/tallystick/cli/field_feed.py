"""What runs and `tally drift` see of the systems' fields, laid beside the feed of changes and kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tallystick.cli.field_paths import is_breaking, mapped_paths, own_paths
from tallystick.cli.person import person
from tallystick.core.drift import FieldDrift
from tallystick.core.error import ProjectError
from tallystick.core.field_feed import Decision, FieldChange, FieldLook, Followed, follow, sights_of
from tallystick.core.record import SIDES
from tallystick.core.state import StoreTx
from tallystick.engine.field_watch import Expected, FieldWatch
from tallystick.engine.pair import Pair
from tallystick.project.manifest import ObjectSpec
from tallystick.project.schema import object_type
from tallystick.wiring import House

if TYPE_CHECKING:
    from tallystick.cli.drift_look import ObjectDrift

_RENEW_SECONDS: Final = 3600.0  # how old a sight may get before it is written again
Key = tuple[str, str]


@dataclass(slots=True)
class FieldNews:
    """What one look at some objects came to: changes that are ``fresh``, ``closed``, and all that wait for a word.

    ``frozen`` are those of ``waiting`` whose object says that no change is accepted unseen.
    """

    fresh: list[FieldChange] = field(default_factory=list)
    closed: list[FieldChange] = field(default_factory=list)
    waiting: list[FieldChange] = field(default_factory=list)
    frozen: list[FieldChange] = field(default_factory=list)


def watch_fields(house: House, pairs: Sequence[Pair]) -> FieldWatch:
    """Prepare what a run of these pairs is to notice of its objects' fields."""
    objects = {(e.system, e.object) for p in pairs for e in map(p.end, SIDES)}
    wanted = {key: spec for key in sorted(objects) if (spec := _spec(house, key)).fields}

    def work(tx: StoreTx) -> dict[Key, Expected]:
        standing = _by_object(tx.standing_field_changes())
        looked = {key: bool(tx.field_sights(*key)) for key in wanted}
        return {
            key: _expected(house, key, spec, standing.get(key, []), is_first=not looked[key])
            for key, spec in wanted.items()
        }

    return FieldWatch(house.store.look(work) if wanted else {})


def _expected(house: House, key: Key, spec: ObjectSpec, standing: Sequence[FieldChange], *, is_first: bool) -> Expected:
    return Expected(
        written=object_type(key[1], spec),
        own=own_paths(spec),
        mapped=frozenset(mapped_paths(house, *key)),
        settled=frozenset((c.field, c.change) for c in standing if not c.is_open),
        waiting=frozenset((c.field, c.change) for c in standing if c.is_open),
        omits_blank=spec.omits_blank,
        stops=spec.on_new_field == "stop",
        is_first=is_first,
    )


def keep_seen(house: House, watch: FieldWatch, run: str, *, durable: bool) -> FieldNews:
    """Lay what a run saw beside the feed and, where it is ``durable``, keep it."""
    looks = []
    for key, expected in watch.expected.items():
        if key in watch.seen or key in watch.announced:
            drift = watch.drift(key)
            looks.append(_look(house, key, drift, watch.showed(key), run, whole=False, is_first=expected.is_first))
    return _keep(house, looks, watch.expected, durable=durable)


def keep_drift(house: House, found: "Iterable[ObjectDrift]") -> FieldNews:
    """Lay what `tally drift` found beside the feed and keep it."""
    told = [each for each in found if not each.failure]
    keys = [(d.system, d.object) for d in told]
    looked = house.store.look(lambda tx: {key for key in keys if tx.field_sights(*key)})
    looks = [
        _look(house, key, d.changes, d.showed, "drift", whole=d.is_whole, is_first=key not in looked)
        for key, d in zip(keys, told, strict=True)
    ]
    return _keep(house, looks, keys, durable=True)


def ignore_changes(house: House, paths: Sequence[str]) -> list[str]:
    """Leave the changes of these paths as they are; give the paths.

    Raises:
        ProjectError: nothing has changed there.
    """
    from tallystick.project.near import suggest

    there = [c.path for c in house.store.look(lambda tx: tx.standing_field_changes())]
    for path in paths:
        if path not in there:
            hint = suggest(path, there, what="changed fields") if there else "no field has changed"
            raise ProjectError(f"'{path}' is no field that has changed", hint=hint)
    return sorted({c.path for c in decide_changes(house, paths, "ignored")})


def without_ignored(house: House, found: "Sequence[ObjectDrift]") -> "list[ObjectDrift]":
    """Leave out the changes of which somebody said that they stay as they are."""
    standing = house.store.look(lambda tx: tx.standing_field_changes())
    quiet = {(c.path, c.change) for c in standing if c.decision == "ignored"}
    return [
        replace(d, changes=tuple(c for c in d.changes if (f"{d.system}/{d.object}.{c.path}", c.change) not in quiet))
        for d in found
    ]


def decide_changes(house: House, paths: Iterable[str], decision: Decision) -> list[FieldChange]:
    """Note what the person at the command line says of the changes that stand for these paths; give them."""
    wanted, by, at = set(paths), person(), house.now()

    def work(tx: StoreTx) -> list[FieldChange]:
        named = [c for c in tx.standing_field_changes() if c.path in wanted]
        decided = [c.decide(decision, by, at) for c in named]
        tx.put_field_changes(decided)
        return decided

    return house.store.commit(work)


def _look(
    house: House, key: Key, drift: Sequence[FieldDrift], showed: Mapping[str, Any], run: str, *, whole: bool,
    is_first: bool,
) -> FieldLook:  # fmt: skip
    spec, mapped = _spec(house, key), mapped_paths(house, *key)
    breaking = frozenset((d.path, d.change) for d in drift if is_breaking(d, mapped))
    heard = [d for d in drift if spec.on_new_field != "ignore" or d.change != "new" or (d.path, d.change) in breaking]
    written = frozenset(object_type(key[1], spec).by_path)
    return FieldLook(*key, house.now(), run, showed, heard, breaking, written, mapped, whole=whole, is_first=is_first)


def _keep(house: House, looks: Sequence[FieldLook], objects: Iterable[Key], *, durable: bool) -> FieldNews:
    def work(tx: StoreTx) -> FieldNews:
        news, standing = FieldNews(), _by_object(tx.standing_field_changes())
        for look in looks:
            key = (look.system, look.object)
            followed = follow(standing.get(key, []), look)
            news.fresh += followed.news
            news.closed += followed.closed
            standing[key] = [c for c in followed.kept if c.ended is None] + _untouched(standing.get(key, []), followed)
            if durable:
                before = tx.field_sights(look.system, look.object)
                tx.put_field_sights(list(sights_of(look, before, _RENEW_SECONDS)))
                tx.put_field_changes(followed.kept)
        for key in objects:
            here = [c for c in standing.get(key, []) if c.is_open]
            news.waiting += here
            news.frozen += here if _spec(house, key).on_new_field == "freeze" else []
        return news

    return house.store.commit(work) if durable else house.store.look(work)


def _untouched(before: Sequence[FieldChange], followed: Followed) -> list[FieldChange]:
    numbers = {c.number for c in followed.kept}
    return [c for c in before if c.number not in numbers]


def _by_object(changes: Iterable[FieldChange]) -> dict[Key, list[FieldChange]]:
    found: dict[Key, list[FieldChange]] = {}
    for each in changes:
        found.setdefault((each.system, each.object), []).append(each)
    return found


def _spec(house: House, key: Key) -> ObjectSpec:
    return house.loaded.manifests[key[0]].objects[key[1]]
