"""What an operation takes and gives, laid flat: plain arguments, objects, listings, each with its path."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.connectors.describe.wsdl_calls import Call
from tallystick.connectors.describe.wsdl_facets import Simple
from tallystick.connectors.describe.wsdl_parts import Complex, Part
from tallystick.connectors.describe.wsdl_types import Types
from tallystick.core.path import render

_DEEPEST: Final = 4
_MOST_LEAVES: Final = 400
# JAX-WS calls every answer "return"; RETURN in capitals is SAP's table of messages.
_COMPLAINTS: Final = re.compile(r"^RETURN$|(?i:error|warning|fault|exception|messages?$|^logs?$)")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A plain value in a message."""

    path: tuple[str, ...]
    part: Part
    simple: Simple
    is_required: bool

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]

    @property
    def text(self) -> str:
        """Its path as the manifest has it."""
        return render(self.path)


@dataclass(frozen=True, slots=True)
class Inside:
    """An object in a message, or a list of them: ``type`` is the key of what it is made of."""

    path: tuple[str, ...]
    type: str
    is_many: bool

    @property
    def text(self) -> str:
        """Its path as the manifest has it."""
        return render(self.path)


@dataclass(frozen=True, slots=True)
class Sides:
    """One operation with all that it takes and gives."""

    call: Call
    arguments: tuple[Leaf, ...]
    objects: tuple[Inside, ...]
    results: tuple[Leaf, ...]
    answers: tuple[Inside, ...]

    @property
    def _told(self) -> tuple[Inside, ...]:
        """What the answer is about: complaints only where there is nothing else."""
        told = tuple(each for each in self.answers if not any(_COMPLAINTS.search(step) for step in each.path))
        return told or self.answers

    @property
    def listing(self) -> Inside | None:
        """The records that it lists: the shallowest list of objects in its answer that are no complaints."""
        lists = [each for each in self._told if each.is_many]
        return min(lists, key=lambda each: len(each.path), default=None)

    @property
    def record(self) -> Inside | None:
        """The object that it answers: the deepest of those that only wrap one another, or the whole answer."""
        found = None
        for each in self._told:
            if each.is_many:
                continue
            if found is not None and each.path[: len(found.path)] != found.path:
                break
            if found is not None and not self._only_wraps(found):
                break
            found = each
        inside = sum(found is not None and leaf.path[: len(found.path)] == found.path for leaf in self.results)
        beside = sum(len(leaf.path) == 1 for leaf in self.results)
        return Inside((), self.call.spec.output, is_many=False) if beside > max(inside, 1) else found

    def _only_wraps(self, outer: Inside) -> bool:
        return not any(leaf.path[:-1] == outer.path for leaf in self.results)


def sides_of(call: Call, types: Types) -> Sides:
    """Lay out what an operation takes and gives."""
    arguments, objects = _flat(call.spec.input, types)
    results, answers = _flat(call.spec.output, types)
    return Sides(call, arguments, objects, results, answers)


def _flat(key: str, types: Types) -> tuple[tuple[Leaf, ...], tuple[Inside, ...]]:
    leaves: list[Leaf] = []
    insides: list[Inside] = []
    for found in walk(key, types):
        if isinstance(found, Leaf):
            leaves.append(found)
        else:
            insides.append(found)
    return tuple(leaves), tuple(insides)


def walk(key: str, types: Types) -> Iterator[Leaf | Inside]:
    """Give everything in a type, outer before inner; lists are not entered, and no type is entered inside itself."""
    left = _MOST_LEAVES
    waiting: list[tuple[tuple[str, ...], str, frozenset[str], bool]] = [((), key, frozenset(), True)]
    while waiting:
        path, here, above, is_required = waiting.pop(0)
        if here in above or len(path) > _DEEPEST:
            continue
        for name, part in plain_parts(types.complex, here).items():
            left -= 1
            if left < 0:
                return
            needed = is_required and part.member.is_required
            inner = (*path, name)
            if part.simple is not None and not part.member.is_many:
                yield Leaf(inner, part, part.simple, needed)
            elif part.simple is None and part.member.type in types.complex:
                yield Inside(inner, part.member.type, part.member.is_many)
                if not part.member.is_many:
                    waiting.append((inner, part.member.type, above | {here}, needed))


def plain_parts(types: Mapping[str, Complex], key: str) -> dict[str, Part]:
    """Give the members of a type by name; none for a built-in."""
    found = types.get(key)
    return found.parts if found is not None else {}
