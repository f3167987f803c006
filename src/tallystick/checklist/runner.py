"""Runs the rooms of the check list over a scene: a probe that breaks costs only its own answer.

question x subject --drive(probe, watch)--> facts --judge--> findings --save--> store
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from tallystick.checklist.kept import KeptAnswers
from tallystick.checklist.report import Report, finding_document, make_rows
from tallystick.checklist.room import Room
from tallystick.checklist.sample import jsonable
from tallystick.checklist.scene import Scene, Subject
from tallystick.checklist.staging import sweep
from tallystick.checklist.watch import Watch
from tallystick.core.checks import Evidence, Facts, Finding, Judgement, Question, Verdict
from tallystick.core.error import Error
from tallystick.core.ports import Boundary, Flow, Now, Transport
from tallystick.core.state import Store
from tallystick.engine.effects import drive

_GRAVEST: Final[tuple[Verdict, ...]] = ("not_applicable", "pass", "cannot_tell", "warn", "fail")
Progress = Callable[[Question, Subject], None]


def run_checks(
    scene: Scene,
    boundary: Boundary,
    wire: Transport,
    questions: Sequence[Question],
    *,
    reveal: bool = False,
    progress: Progress | None = None,
    kept: KeptAnswers | None = None,
    most: int = 0,
) -> Report:
    """Ask the questions of everything they are about, and give the report.

    What ``kept`` knows is not asked again, and each answer is kept there. ``most`` is how many requests may be made, 0
    for any number. Nothing is written but canaries, where the scene has a cage; whatever happens, they are removed.
    """
    watch = Watch(boundary, wire, may_wait=scene.cage is not None, most=most)
    try:
        return _run(scene, watch, questions, kept, reveal=reveal, progress=progress)
    finally:
        if scene.cage is not None:
            drive(sweep(scene.cage), Watch(boundary, wire))  # never for want of requests


def _run(
    scene: Scene,
    watch: Watch,
    questions: Sequence[Question],
    kept: KeptAnswers | None,
    *,
    reveal: bool,
    progress: Progress | None,
) -> Report:
    findings: list[Finding] = []
    for question in questions:
        if not question.room:
            continue
        room = find_room(question)
        if room.writes and scene.cage is None:
            continue
        subjects = scene.subjects(room.about)
        for subject in subjects:
            if progress is not None:
                progress(question, subject)
            findings += _known_or_asked(scene, watch, question, room, subject, kept, reveal=reveal)
        if not subjects:
            findings.append(_unasked(scene, watch, question, room))
    rows = make_rows(questions, findings)
    loaded = scene.loaded
    return Report(
        loaded.project.name,
        loaded.environment,
        _now(watch),
        rows,
        watch.calls,
        reveal=reveal,
        kept=kept.used if kept else 0,
        wrote=scene.cage is not None,
    )


def _known_or_asked(
    scene: Scene, watch: Watch, question: Question, room: Room, subject: Subject, kept: KeptAnswers | None, *,
    reveal: bool,
) -> list[Finding]:  # fmt: skip
    known = kept.take(question, subject, _now(watch)) if kept else None
    if known is not None:
        return known
    found = [] if watch.is_spent else _answer(scene, watch, question, room, subject, reveal=reveal)
    if watch.is_spent:
        # What was asked for in part is no answer; it is asked for as a whole the next time.
        judged = Judgement("cannot_tell", "not asked: the budget of requests is used up", fix="tally check --resume")
        return [_finding(scene, question, subject, Evidence({}, room.asks, 0, _now(watch)), judged)]
    if kept and not reveal:
        kept.note(question, subject, found, _now(watch))
    return found


def declare_checks(scene: Scene, questions: Sequence[Question]) -> list[dict[str, str]]:
    """Say what ``run_checks`` would ask of what, and which requests that takes, without asking anything."""
    return [
        {"question": question.id, "title": question.title, "subject": subject.name, "requests": room.asks}
        for question in questions
        if question.room
        for room in [find_room(question)]
        if scene.cage is not None or not room.writes
        for subject in scene.subjects(room.about)
    ]


def find_room(question: Question) -> Room:
    """Load the room that measures a question: ``module``, or ``module:NAME`` for one of several."""
    module, _, name = question.room.partition(":")
    room: Room = getattr(import_module(f"tallystick.checklist.rooms.{module}"), name or "ROOM")
    return room


def _now(watch: Watch) -> float:
    def ask() -> Flow[float]:
        answer: float = yield Now()
        return answer

    return drive(ask(), watch)


def _answer(
    scene: Scene, watch: Watch, question: Question, room: Room, subject: Subject, *, reveal: bool
) -> list[Finding]:
    began = watch.calls
    facts: Facts
    try:
        facts = drive(room.probe(scene, subject), watch)
        # A judge gets what is stored: plain JSON, so that any verdict can be recomputed from its evidence.
        judgements = list(room.judge(jsonable(facts, reveal=reveal)))
    except Error as failure:
        facts = {"error": str(failure), "code": failure.code}
        why = f"it could not be measured: {failure.message}"
        judgements = [Judgement("cannot_tell", why, (str(failure),), failure.hint)]
    except Exception as failure:  # noqa: BLE001 - one room that breaks must not take the others along
        # The text of a foreign exception may hold a record's values, so only its kind is told.
        facts = {"error": type(failure).__name__, "code": "bug"}
        judgements = [Judgement("cannot_tell", f"the check itself broke ({type(failure).__name__})", (), "report this")]
    evidence = Evidence(facts, room.asks, watch.calls - began, _now(watch))
    judgements.sort(key=lambda judgement: -_GRAVEST.index(judgement.verdict))
    return [_finding(scene, question, subject, evidence, judgement) for judgement in judgements]


def _unasked(scene: Scene, watch: Watch, question: Question, room: Room) -> Finding:
    nothing = {"mapping": "there is no mapping yet", "object": "no object can be listed", "system": "no system"}
    judgement = Judgement("not_applicable", nothing[room.about])
    return _finding(scene, question, Subject(), Evidence({}, room.asks, 0, _now(watch)), judgement)


def _finding(scene: Scene, question: Question, subject: Subject, evidence: Evidence, judged: Judgement) -> Finding:
    name = f"{subject.name}, {judged.part}" if judged.part else subject.name
    where = f"--environment {scene.loaded.environment} " if scene.loaded.environment else ""
    return Finding(
        question=question.id,
        subject=name or "the project",
        verdict=judged.verdict,
        summary=judged.summary,
        reasons=judged.reasons,
        evidence=evidence,
        reproduce=f"tally {where}check --only {question.id}",
        fix=judged.fix,
        owner=owner_of(scene, subject, judged.owner),
        system=subject.system,
        about=tuple(f"objects.{subject.object}.{entry}" if subject.object else entry for entry in judged.about),
    )


def owner_of(scene: Scene, subject: Subject, closer: str = "") -> str:
    """Name who answers for a subject, with an address where one is known; empty where nobody does."""
    loaded = scene.loaded
    name = closer
    if not name and subject.mapping:
        name = loaded.mappings[subject.mapping].owner
    if not name and subject.system:
        manifest = loaded.manifests[subject.system]
        name = manifest.owner or manifest.technical_contact
    person = loaded.project.owners.get(name)
    if person is None:
        return name
    return f"{person.name} <{person.email}>" if person.email else person.name


def save_report(report: Report, store: Store) -> None:
    """Keep the answers in the project's state. Values of records are never kept, whatever the report shows."""
    documents = []
    for row in report.rows:
        if row.findings:
            findings = [finding_document(finding, reveal=False) for finding in row.findings]
            if report.reveal:
                # Reasons may quote revealed samples; they can be made again from the facts, which are masked here.
                findings = [finding | {"reasons": []} for finding in findings]
            documents.append({
                "question": row.question.id, "at": report.at, "status": row.status, "findings": findings,
            })  # fmt: skip
    if documents:
        store.commit(lambda tx: tx.save_findings(documents))
