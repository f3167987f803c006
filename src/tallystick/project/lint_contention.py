"""Fields of one record that two mappings, or two parts of one object, write (R-13.2)."""

from collections.abc import Iterator, Sequence

from tallystick.core.contention import Contest, Spot, find_contests, plain_spot
from tallystick.core.error import Problem
from tallystick.core.mapping import Condition, ObjectMapping
from tallystick.core.path import Path, parse, render
from tallystick.core.record import Side
from tallystick.project.load import LoadedProject


def find_contentions(loaded: LoadedProject, mappings: Sequence[ObjectMapping]) -> Iterator[Problem]:
    """Name every field that may be written by two, at the second, with the place of the first."""

    def spot_of(mapping: ObjectMapping, side: Side, path: Path) -> Spot:
        return _real_spot(loaded, mapping, side, path)

    for contest in find_contests(mappings, spot_of):
        yield _problem(loaded, contest)


def _problem(loaded: LoadedProject, contest: Contest) -> Problem:
    spot = contest.spot
    where = loaded.where("mapping", contest.rival.name, ("fields", contest.its_field.name, contest.its_side))
    message = f"'{render(spot.path)}' of {spot.system}'s {spot.object} may be written by two: the other is at {where}"
    hint = (
        "let one of them write it (direction), or tell the records apart (where); at run time the second is asked about"
    )
    at = ("fields", contest.field.name, contest.side)
    return loaded.problem("mapping", contest.mapping.name, at, message, hint, severity="warning")


def _real_spot(loaded: LoadedProject, mapping: ObjectMapping, side: Side, path: Path) -> Spot:
    """Find the record that is really written: of an object of several parts, the anchor or a part."""
    spot = plain_spot(mapping, side, path)
    spec = loaded.manifests[spot.system].objects[spot.object]
    if not spec.anchor:
        return spot
    part = spec.parts.get(str(path[0]))
    if part is None:
        own = tuple(c for c in spot.where if str(c.path[0]) not in spec.parts)
        return Spot(spot.system, spec.anchor, path, own)
    of_part = tuple(Condition(parse(key), values) for key, values in part.where.items())
    within = tuple(Condition(c.path[1:], c.values) for c in spot.where if c.path[0] == path[0])
    return Spot(spot.system, part.object, path[1:], (*of_part, *within))
