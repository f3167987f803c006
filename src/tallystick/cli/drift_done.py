"""What `tally drift` does once it has looked: what a person said first, then what the objects say themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tallystick.cli.drift_answer import Answers, answer_policies, map_named
from tallystick.cli.drift_look import ObjectDrift, accept_new
from tallystick.cli.drift_renamed import FoundRename, look_for_renames, take_renames
from tallystick.cli.field_feed import decide_changes, ignore_changes, keep_drift, without_ignored
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class Said:
    """What was said on the command line, each field as ``SYSTEM/OBJECT.FIELD``."""

    accept: bool = False
    ignore: Sequence[str] = ()
    mapped: Sequence[str] = ()
    renamed: Sequence[str] = ()


@dataclass(slots=True)
class Done:
    """What came of it: paths that were written, ignored or renamed, the ``answers``, and ``renames`` that may be."""

    accepted: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    renames: list[FoundRename] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)
    is_broken: bool = False

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "accepted": self.accepted,
            "ignored": self.ignored,
            "mapped": [each.document() for each in self.answers.mapped],
            "suggested": [each.document() for each in self.answers.suggested],
            "not_mapped": self.answers.refused,
            "renames": [each.document() for each in self.renames],
            "renamed": self.renamed,
        }


def carry_out(house: House, found: Sequence[ObjectDrift], said: Said, sample: int) -> Done:
    """Keep what was found, and do what was said and what the objects say of their new fields.

    What may only be called otherwise is no new field for anybody before a person has said so.

    Raises:
        ProjectError: a word names nothing, or a file cannot be changed.
    """
    keep_drift(house, found)
    done = Done(ignored=ignore_changes(house, said.ignore))
    heard = without_ignored(house, found)
    done.renames = look_for_renames(house, heard, sample)
    done.renamed = take_renames(house, said.renamed, heard)
    decide_changes(house, done.renamed, "renamed")
    done.answers.mapped = map_named(house, said.mapped, found)
    taken = {
        *done.renamed,
        *(m.path for m in done.answers.mapped),
        *(f"{r.place}.{r.renamed.new}" for r in done.renames),
    }
    left = [replace(d, changes=tuple(c for c in d.changes if _path(d, c.path) not in taken)) for d in heard]
    done.accepted = accept_new(house, left, everything=said.accept)
    decide_changes(house, done.accepted, "accepted")
    answers = answer_policies(house, left)
    done.answers = replace(answers, mapped=[*done.answers.mapped, *answers.mapped])
    decide_changes(house, [m.path for m in done.answers.mapped], "mapped")
    renamed = set(done.renamed)
    done.is_broken = any(d.is_breaking(c) and _path(d, c.path) not in renamed for d in heard for c in d.changes)
    return done


def _path(drift: ObjectDrift, field_path: str) -> str:
    return f"{drift.system}/{drift.object}.{field_path}"
