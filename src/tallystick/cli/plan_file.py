"""The file between ``tally plan`` and ``tally apply``: what a person approved, line by line, by fingerprint.

JSON, readable by its owner alone because samples hold values of records. ``apply`` needs nothing of it but the
fingerprints: what they stand for is observed and decided again, so a file that was tampered with approves nothing
that the project would not do by itself.
"""

import json
import os
import tempfile
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tallystick.core.brake import Release
from tallystick.core.error import ProjectError, StoreError, UnsafePlan
from tallystick.core.plan import plan_fingerprint
from tallystick.core.record import SIDES

FORMAT: Final = 1
DEFAULT: Final = Path(".tally") / "plan.json"
_MASK: Final = (1 << 64) - 1
_SHORTEST: Final = 4


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as it is kept. ``lines`` are the fingerprints by mapping, ``applied`` those that were carried out since.

    ``is_interrupted`` tells that an apply began and never told its end, so that lines may be carried out already.
    ``selection`` are the records and the field that the plan was limited to, as JSON.
    ``shown`` is the plan's own document (numbers and sample lines), for people and programs.
    """

    project: str
    environment: str
    run: str
    made: str
    full: bool
    fingerprint: int
    lines: Mapping[str, tuple[int, ...]]
    shown: Mapping[str, Any] = field(default_factory=dict)
    applied: frozenset[int] = frozenset()
    is_interrupted: bool = False
    selection: Mapping[str, Any] = field(default_factory=dict)

    @property
    def approved(self) -> frozenset[int]:
        """Every fingerprint that may be carried out."""
        return frozenset(p for of_pair in self.lines.values() for p in of_pair)

    def find_lines(self, texts: Sequence[str]) -> frozenset[int]:
        """Find lines by their fingerprints, or by how these begin.

        Raises:
            ProjectError: no line of the plan begins so, or several do.
        """
        known = sorted((spell(p), p) for p in self.approved) if texts else []
        found: set[int] = set()
        for text in texts:
            start = bisect_left(known, (text.lower(), -1 << 63))
            fits = [p for name, p in known[start : start + 2] if name.startswith(text.lower())]
            if len(fits) != 1 or len(text) < _SHORTEST:
                why = "several lines of the plan begin with" if len(fits) > 1 else "no line of the plan has"
                hint = f"copy it from the plan, at least {_SHORTEST} digits"
                raise ProjectError(f"{why} the fingerprint '{text}'", hint=hint)
            found.add(fits[0])
        return frozenset(found)

    def release(self, word: Release) -> Release:
        """Tell which of the plan's holds an id means; it counts for lines of this plan, as many as it then refused.

        Raises:
            ProjectError: the plan has no hold of that id.
        """
        mappings = self.shown.get("mappings")
        found = [m for m in mappings if isinstance(m, dict)] if isinstance(mappings, list) else []
        for of_pair in found:
            for hold in of_pair.get("holds", ()):
                side = next((s for s in SIDES if s == hold.get("side")), None)
                if hold.get("id") == word.id and side is not None and isinstance(hold.get("count"), int):
                    return Release(word.kind, str(of_pair.get("mapping")), side, hold["count"], word.id)
        raise ProjectError(f"the plan has no hold '{word.id}'", hint="make the plan again with `tally plan`, and look")

    def with_applied(self, prints: set[int]) -> "PlanFile":
        """Note lines as carried out."""
        return replace(self, applied=self.applied | (prints & self.approved), is_interrupted=False)

    def begun(self) -> "PlanFile":
        """Note that an apply begins."""
        return replace(self, is_interrupted=True)


def spell(fingerprint: int) -> str:
    """Write a fingerprint as people compare it: 16 hexadecimal digits."""
    return f"{fingerprint & _MASK:016x}"


def short(fingerprint: int) -> str:
    """Write the beginning of a fingerprint, enough to name a line by it."""
    return spell(fingerprint)[:8]


def _unspell(text: str) -> int:
    number = int(text, 16)
    return number - (1 << 64) if number >= 1 << 63 else number


def write_plan(path: Path, plan: PlanFile) -> None:
    """Write a plan for its owner's eyes alone; a file that is there is replaced at once or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    content = {
        "tally_plan": FORMAT,
        "project": plan.project,
        "environment": plan.environment,
        "run": plan.run,
        "made": plan.made,
        "full": plan.full,
        "fingerprint": spell(plan.fingerprint),
        "lines": {pair: [spell(p) for p in prints] for pair, prints in plan.lines.items()},
        "applied": sorted(spell(p) for p in plan.applied),
        "interrupted": plan.is_interrupted,
        "selection": plan.selection,
        "plan": plan.shown,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes the file for its owner alone.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
                json.dump(content, stream, ensure_ascii=False, indent=1, default=str)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(
            "the plan cannot be written", detail=error.strerror or "", hint="choose another file", place=str(path)
        ) from error


def read_plan(path: Path, project: str, environment: str) -> PlanFile:
    """Read a plan of this project and environment.

    Raises:
        UnsafePlan: there is no plan, or it is damaged, another project's, or of a newer Tallystick.
        StoreError: the file cannot be read.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UnsafePlan("there is no plan to apply", hint="make one with `tally plan`", place=str(path)) from None
    except OSError as error:
        raise StoreError("the plan cannot be read", detail=error.strerror or "", place=str(path)) from error
    except (ValueError, RecursionError):
        raise _refusal(path, "this is no plan", "the file is not JSON") from None
    if not isinstance(content, dict) or not isinstance(content.get("tally_plan"), int):
        raise _refusal(path, "this is no plan", "'tally_plan' is missing")
    if content["tally_plan"] != FORMAT:
        raise UnsafePlan(
            "the plan was written by another version of Tallystick",
            detail=f"format {content['tally_plan']}, this version reads {FORMAT}",
            hint="make it again with `tally plan`, or update Tallystick",
            place=str(path),
        )
    plan = _parsed(path, content)
    _refuse_stranger(path, plan, project, environment)
    if plan_fingerprint(p for of_pair in plan.lines.values() for p in of_pair) != plan.fingerprint:
        raise _refusal(path, "the plan was changed since it was made", "its lines and its fingerprint differ")
    return plan


def _parsed(path: Path, content: dict[str, Any]) -> PlanFile:
    try:
        return PlanFile(
            project=str(content["project"]),
            environment=str(content["environment"]),
            run=str(content["run"]),
            made=str(content["made"]),
            full=content["full"] is True,
            fingerprint=_unspell(content["fingerprint"]),
            lines={str(pair): tuple(map(_unspell, prints)) for pair, prints in content["lines"].items()},
            shown=dict(content["plan"]),
            applied=frozenset(map(_unspell, content["applied"])),
            is_interrupted=content["interrupted"] is True,
            selection=dict(content.get("selection") or {}),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refusal(path, "the plan is damaged", f"what should stand there: {error}") from None


def _refuse_stranger(path: Path, plan: PlanFile, project: str, environment: str) -> None:
    if plan.project != project:
        raise UnsafePlan(
            f"this is a plan of the project '{plan.project}'",
            detail=f"this project is '{project}'",
            hint="make a plan here with `tally plan`",
            place=str(path),
        )
    if plan.environment != environment:
        raise UnsafePlan(
            f"the plan was made for the environment '{plan.environment or '(none)'}'",
            detail=f"this run is for '{environment or '(none)'}'",
            hint="name the environment with --environment, or make the plan again",
            place=str(path),
        )


def _refusal(path: Path, message: str, detail: str) -> UnsafePlan:
    return UnsafePlan(message, detail=detail, hint="make it again with `tally plan`", place=str(path))
