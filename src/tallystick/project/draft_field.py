"""One entry of a drafted mapping as YAML: which fields, which way, which codec, and why it is proposed."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from tallystick.core.schema import Field
from tallystick.project.conversion import Declared, convert
from tallystick.project.manifest import Manifest
from tallystick.project.naming import concepts_of
from tallystick.project.near import nearest
from tallystick.project.propose import Proposal
from tallystick.project.text import scalar

_PLAIN: Final = re.compile(r"[A-Za-z_][\w.-]*")
_NAME_PARTS: Final = ("first", "last")


class Side(Protocol):
    """What an entry needs to know of a side."""

    manifest: Manifest

    def field(self, path: str) -> Field:
        """Give the declared field at a path."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the draft with its settings; ``is_comment`` where a person has to decide whether it is right."""

    proposal: Proposal
    settings: tuple[str, ...]
    comments: tuple[str, ...] = ()
    is_comment: bool = False
    name: str = "field"

    def called(self, name: str) -> "Entry":
        """Give the same entry under another name."""
        return replace(self, name=name)

    def lines(self) -> list[str]:
        """Write it as lines of YAML."""
        sure = f"{min(100, round(100 * self.proposal.score))} % alike"
        why = ": ".join((sure, ", ".join(self.proposal.reasons))) if self.proposal.reasons else sure
        mark = "# maybe " if self.is_comment else ""
        lines = [f"  {mark}{quote(self.name)}: {{{', '.join(self.settings)}}}  # {why}"]
        return [*lines, *(f"  #   {comment}" for comment in self.comments)]


def entry_of(proposal: Proposal, left: Side, right: Side, direction: str, *, is_sure: bool) -> Entry:
    """Write one proposal down; what both systems keep to themselves, or what needs a hand, becomes a comment."""
    if proposal.kind != "copy":
        return _group(proposal, is_sure=is_sure)
    one, two = left.field(proposal.left[0]), right.field(proposal.right[0])
    settings = [f"left: {quote(one.path)}", f"right: {quote(two.path)}"]
    if one.read_only and two.read_only:
        return Entry(proposal, tuple(settings), ("both sides are read-only",), is_comment=True)
    if one.read_only or two.read_only:
        way = "to_right" if one.read_only else "to_left"
        settings.append(f"direction: {way if direction in {'both', way} else 'match_only'}")
    comments: list[str] = []
    if one.options and two.options:
        pairs = _option_pairs(one, two)
        settings += [f"options: {{map: {{{pairs}}}}}"] if pairs else []
        comments = [] if pairs else ["no option looks alike: list them as options: {map: {left: right}}"]
    else:
        found = convert(Declared(one, left.manifest.timezone), Declared(two, right.manifest.timezone))
        comments = [f"{one.type} and {two.type}: {found.hint}"] if found.hint else []
    return Entry(proposal, tuple(settings), tuple(comments), is_comment=not is_sure)


def _group(proposal: Proposal, *, is_sure: bool) -> Entry:
    """Write down what is one field on one side and several on the other."""
    parts, whole = (proposal.left, proposal.right) if proposal.kind == "join" else (proposal.right, proposal.left)
    sides = ("left", "right") if proposal.kind == "join" else ("right", "left")
    spread = ", ".join(f"{role}: {quote(path)}" for role, path in zip(_NAME_PARTS, parts, strict=False))
    settings = {
        sides[0]: f"{sides[0]}: {{spread: {{{spread}}}}}",
        sides[1]: f"{sides[1]}: {{path: {quote(whole[0])}, codec: full_name}}",
    }
    if concepts_of(parts[0].rpartition(".")[2]) == ("street",):
        told = f"{', '.join(parts)} together are {whole[0]}: write an expression with its inverse"
        return Entry(
            proposal, (f"left: {quote(proposal.left[0])}", f"right: {quote(proposal.right[0])}"), (told,), True
        )
    comments = ("" if is_sure else "only if the parts are not written on their own",)
    return Entry(proposal, (settings["left"], settings["right"]), tuple(filter(None, comments)), is_comment=not is_sure)


def _option_pairs(left: Field, right: Field) -> str:
    """Pair options by key or label, each right one once; those without a likeness are left for the author."""
    free = {_meaning(o.key): o.key for o in right.options}
    free |= {_meaning(o.label): o.key for o in right.options if o.label}
    pairs: dict[str, str] = {}
    for option in left.options:
        for text in (option.key, option.label):
            near = nearest(_meaning(text), free) if text else ""
            if near and free[near] not in pairs.values():
                pairs[option.key] = free[near]
                break
    return ", ".join(f"{quote(key)}: {quote(value)}" for key, value in pairs.items())


def _meaning(text: str) -> str:
    concepts: Sequence[str] = concepts_of(text)
    return " ".join(concepts) or text


def quote(text: str) -> str:
    """Spell text as YAML, in quotes where it would be read as something else."""
    return text if _PLAIN.fullmatch(text) and scalar(text) is text else json.dumps(text, ensure_ascii=False)
