"""Answers of before, kept beside the state, so that a check that was broken off goes on where it stopped.

One line for each answer, appended as soon as it is known; a line that was torn is one that is asked again. An answer
holds as long as what it was asked of is described in the same way. Values of records are masked in it.
"""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from tallystick.checklist.report import finding_document
from tallystick.checklist.scene import Scene, Subject
from tallystick.core.checks import Evidence, Finding, Question
from tallystick.core.error import ProjectError

_FOLDER: Final = Path(".tally", "check")
_PLAIN: Final = "without-environment"
_OF_EVIDENCE: Final = {"facts", "obtained", "calls", "at"}


@dataclass(slots=True)
class KeptAnswers:
    """The answers of one environment. ``max_age`` is how many seconds one holds; ``used`` how many were taken."""

    file: Path
    scene: Scene
    max_age: float
    answers: dict[tuple[str, Subject], dict[str, Any]] = field(default_factory=dict)
    used: int = 0

    def take(self, question: Question, subject: Subject, now: float) -> list[Finding] | None:
        """Give the answer of before, unless there is none that still holds."""
        line = self.answers.get((question.id, subject))
        if line is None or not 0 <= now - line["at"] <= self.max_age or line["seal"] != seal(self.scene, subject):
            return None
        self.used += 1
        return [_finding(each) for each in line["findings"]]

    def note(self, question: Question, subject: Subject, found: Sequence[Finding], now: float) -> None:
        """Keep an answer, but for one that came of a system that did not answer: that is asked again.

        Raises:
            ProjectError: the file cannot be written.
        """
        if self._broke_off(subject, found):
            return
        line = {
            "question": question.id,
            "subject": [subject.system, subject.object, subject.mapping],
            "at": now,
            "seal": seal(self.scene, subject),
            "findings": [_document(each) for each in found],
        }
        try:
            with self.file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        except OSError as cause:
            why = f"the answers cannot be kept: {cause.strerror}"
            raise ProjectError(why, hint="check the folder", place=str(self.file)) from cause

    def _broke_off(self, subject: Subject, found: Sequence[Finding]) -> bool:
        if all(each.verdict != "cannot_tell" for each in found):
            return False
        walks = [walk for key, walk in self.scene.walks.items() if not subject.system or key[0] == subject.system]
        return any("code" in each.evidence.facts for each in found) or any(walk.failure for walk in walks)


def keep_answers(scene: Scene, *, resume: bool, max_age: float) -> KeptAnswers:
    """Open the answers of the scene's environment; those of before are used only to ``resume``, and kept in any case.

    Raises:
        ProjectError: the folder cannot be written.
    """
    file = scene.loaded.folder / _FOLDER / f"{scene.loaded.environment or _PLAIN}.jsonl"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        known = _read(file) if file.exists() else {}
        # Of each question and subject the last answer is enough; the file grows no further than that.
        fresh = file.with_suffix(".new")
        fresh.write_text("".join(json.dumps(line) + "\n" for line in known.values()), encoding="utf-8")
        fresh.replace(file)
    except OSError as cause:
        why = f"the answers cannot be kept: {cause.strerror}"
        raise ProjectError(why, hint="check the folder", place=str(file)) from cause
    return KeptAnswers(file, scene, max_age, known if resume else {})


def _read(file: Path) -> dict[tuple[str, Subject], dict[str, Any]]:
    answers: dict[tuple[str, Subject], dict[str, Any]] = {}
    for text in file.read_text(encoding="utf-8").splitlines():
        # The last line may be torn, and an older version may have written others; both are simply asked again.
        with contextlib.suppress(ValueError, KeyError, TypeError):
            line = json.loads(text)
            for each in line["findings"]:
                _finding(each)
            key = str(line["question"]), Subject(*line["subject"])
            answers[key] = line | {"at": float(line["at"]), "seal": str(line["seal"])}
    return answers


def seal(scene: Scene, subject: Subject) -> str:
    """Give a fingerprint of what an answer depends on: descriptions and mappings, and how many records are looked at.

    What is written about entries (``facts``, ``notes``) is no part of it, so that noting them undoes nothing.
    """
    manifests = scene.loaded.manifests
    systems = [subject.system] if subject.system else sorted(manifests)
    parts = [manifests[name].model_dump_json(exclude={"facts", "notes"}) for name in systems]
    parts += [f"{name}{spec.model_dump_json()}" for name, spec in sorted(scene.loaded.mappings.items())]
    parts += [str(scene.budget), str(scene.cage is not None)]
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _document(finding: Finding) -> dict[str, Any]:
    return finding_document(finding, reveal=False) | {"system": finding.system, "about": list(finding.about)}


def _finding(document: dict[str, Any]) -> Finding:
    evidence = Evidence(**{name: document[name] for name in _OF_EVIDENCE})
    own = {each.name for each in fields(Finding)} - {"evidence"}
    told = {name: document[name] for name in own}
    return Finding(**told | {"evidence": evidence, "reasons": tuple(told["reasons"]), "about": tuple(told["about"])})
