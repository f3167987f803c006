"""What can be said about one mapping from what both systems declare, without talking to them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tallystick.core.error import Problem
from tallystick.core.mapping import FieldMapping
from tallystick.core.path import parse
from tallystick.core.record import SIDES, Side, other
from tallystick.core.schema import Field
from tallystick.project.ability import Ability
from tallystick.project.build import writes_to
from tallystick.project.lint_conflicts import lint_conflicts
from tallystick.project.lint_losses import find_losses
from tallystick.project.mapping_view import MappingView
from tallystick.project.model import OptionsSpec
from tallystick.project.near import suggest
from tallystick.project.text import DataPath

_SHOWN: Final = 5


def _abilities(view: MappingView) -> Iterator[Problem]:
    """Everything that the policies ask for must be something that the system offers."""
    for side in SIDES:
        end, source = view.mapping.end(side), other(side)
        needs: list[tuple[Ability, DataPath, str]] = [("list", (side, "object"), "records must be listed")]
        if view.creates_on(side):
            needs.append(("create", ("on_unmatched", source), f"records are to be created on the {side}"))
        if any(f.policy.direction in {"both", f"to_{side}"} for f in view.mapping.fields):
            needs.append(("update", (side, "object"), f"fields flow to the {side}"))
        if getattr(view.spec.on_delete, source) == "propagate":
            needs.append(("delete", ("on_delete", source), f"deletions are to reach the {side}"))
        if getattr(view.spec.on_delete, source) == "archive":
            needs.append(("update", ("on_delete", source), f"records are to be archived on the {side}"))
        if getattr(view.spec.on_delete, side) == "restore":
            needs.append(("create", ("on_delete", side), f"deleted records are to be restored on the {side}"))
        for ability, path, wish in needs:
            if not view.can(side, ability):
                message = f"{wish}, but {end.system}'s {end.object} has no way to {ability}"
                yield view.problem(path, message, f"add the call to systems/{end.system}.yaml, or change the policy")


def _archives(view: MappingView) -> Iterator[Problem]:
    for side in SIDES:
        if getattr(view.spec.on_delete, other(side)) == "archive" and not view.end_spec(side).archive:
            message = f"records are to be archived on the {side}, but nothing says what is set then"
            hint = f"{side}: {{..., archive: {{status: archived}}}}"
            yield view.problem(("on_delete", other(side)), message, hint)


def _graces(view: MappingView) -> Iterator[Problem]:
    """A grace period is for deletions that are carried over."""
    for side in SIDES:
        answer = getattr(view.spec.on_delete, side)
        if getattr(view.spec.delete_grace, side) and answer not in {"propagate", "archive"}:
            message = f"on_delete of the {side} says {answer}, so no deletion waits for a grace period"
            yield view.problem(("delete_grace", side), message, "remove it", severity="warning")


def _contradictions(view: MappingView) -> Iterator[Problem]:
    """Policies that the direction makes meaningless."""
    for side in SIDES:
        if view.written_on(side):
            continue
        source = other(side)
        for policy, choice in (("on_unmatched", "create"), ("on_delete", "propagate"), ("on_delete", "archive")):
            if getattr(getattr(view.spec, policy), source) == choice:
                message = f"no field flows to the {side}, but {policy} of the {source} says {choice}"
                hint = (
                    f"{policy}: {{{source}: {'ignore' if policy == 'on_unmatched' else 'unlink'}}}, or let fields flow"
                )
                yield view.problem((policy, source), message, hint, severity="warning")


def _required(view: MappingView) -> Iterator[Problem]:
    """A new record must get every field that its system demands."""
    for side in SIDES:
        if not (view.creates_on(side) and view.written_on(side)):
            continue
        end, spec = view.mapping.end(side), view.object(side)
        covered = [place.path for f in view.written_on(side) if (place := f.place(side)).path]
        covered += [path for f in view.written_on(side) for path, _ in f.place(side).inverse]
        covered += [parse(text) for text in end.on_create]
        covered += [end.external_id] if end.external_id else []
        covered += [(key,) for key in spec.create.body] if spec.create else []
        # A system numbers its records itself, unless the address of a new one carries the number; a table does if it
        # says so.
        numbered = spec.id if spec.create and "{id}" not in spec.create.path else ""
        for field in end.schema.fields:
            path = parse(field.path)
            is_covered = any(path[: len(c)] == c or c[: len(path)] == path for c in covered)
            if field.required and not field.read_only and field.path != numbered and not is_covered:
                message = f"{end.system} demands '{field.path}' of a new {end.object}, but nothing fills it"
                hint = f"map a field to it, or give all new records one value: on_create: {{{field.path}: ...}}"
                yield view.problem((side,), message, hint, at_key=True)


def _limits(view: MappingView) -> Iterator[Problem]:
    """What the source may hold must fit into the target."""
    for side in SIDES:
        for field in view.written_on(side):
            target, source = view.declared(field, side), view.declared(field, other(side))
            spec = view.spec.fields[field.name]
            if target is None or source is None or spec.options or spec.reference:
                continue
            path: DataPath = ("fields", field.name)
            is_longer = target.max_length and source.max_length and source.max_length > target.max_length
            if is_longer and spec.invalid != "truncate":
                sizes = f"{source.max_length} characters on the {other(side)}, {target.max_length} on the {side}"
                hint = "longer values will be parked; invalid: truncate cuts them"
                yield view.problem(path, f"may be too long: {sizes}", hint, severity="warning", at_key=True)
            if source.nullable and not target.nullable and spec.blank == "propagate":
                message = f"may be blank on the {other(side)} but not on the {side}"
                hint = "blank: keep leaves the value when the other side is emptied"
                yield view.problem(path, message, hint, severity="warning", at_key=True)


def _options(view: MappingView) -> Iterator[Problem]:
    """Options must exist, be covered, and come back as they went."""
    for field in view.mapping.fields:
        spec = view.spec.fields[field.name]
        keys = {side: _keys(view.declared(field, side)) for side in SIDES}
        if spec.options:
            yield from _option_list(view, field, spec.options, keys)
        elif _differ(keys["left"], keys["right"]) and not (spec.reference or _has_codecs(field)):
            yield from _option_keys(view, field, keys)


def _option_list(
    view: MappingView, field: FieldMapping, options: OptionsSpec, keys: dict[Side, tuple[str, ...]]
) -> Iterator[Problem]:
    path: DataPath = ("fields", field.name, "options", "map")
    listed: dict[Side, list[str]] = {"left": list(options.map), "right": list(options.map.values())}
    for side in SIDES:
        known = keys[side]
        for left, key in zip(options.map, listed[side], strict=True):
            if known and key not in known:
                hint = suggest(key, known, what=f"options of the {side}")
                yield view.problem((*path, left), f"the {side} has no option '{key}'", hint, at_key=side == "left")
        also = options.also if side == "right" else {}
        missing = [key for key in known if key not in listed[side] and key not in also]
        if missing and options.unknown in {"park", "error", "ask"} and writes_to(other(side), field.policy.direction):
            message = f"not mapped on the {side}: {_some(missing)}; records with them will be parked"
            yield view.problem(path, message, "map them, or set unknown: default", severity="warning", at_key=True)
    if field.policy.direction == "both":
        seen: dict[str, str] = {}
        for left, right in options.map.items():
            if right in seen:
                message = f"'{left}' and '{seen[right]}' both become '{right}', which comes back as '{seen[right]}'"
                yield view.problem((*path, left), message, "give each its own, or set a direction", severity="warning")
            seen.setdefault(right, left)


def _option_keys(view: MappingView, field: FieldMapping, keys: dict[Side, tuple[str, ...]]) -> Iterator[Problem]:
    for side in SIDES:
        strange = [key for key in keys[side] if key not in keys[other(side)]]
        if strange and writes_to(other(side), field.policy.direction):
            message = f"options of the {side} that the {other(side)} does not have: {_some(strange)}"
            hint = "list what corresponds: options: {map: {left: right}}"
            yield view.problem(("fields", field.name), message, hint, severity="warning", at_key=True)


def _has_codecs(field: FieldMapping) -> bool:
    return bool(field.left.codecs or field.right.codecs)


def _keys(declared: Field | None) -> tuple[str, ...]:
    return tuple(option.key for option in declared.options) if declared else ()


def _differ(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    return bool(left and right and set(left) != set(right))


def _some(words: Iterable[str]) -> str:
    listed = sorted(words)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


MAPPING_RULES: Final[tuple[Callable[[MappingView], Iterator[Problem]], ...]] = (
    _abilities,
    _archives,
    _graces,
    _contradictions,
    _required,
    _limits,
    find_losses,
    lint_conflicts,
    _options,
)
