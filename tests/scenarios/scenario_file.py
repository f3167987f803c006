"""Scenario files: what may be written in ``cases/*.yaml``, and strict reading with the place of every mistake.

A scenario is one story about two systems: how things stand, what people and systems do, what a run then does. What a
run does not name must not have happened.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tallystick.core.error import Problem, ProjectError
from tallystick.core.record import Side
from tallystick.project.source import Layer, Source
from tallystick.project.text import parse_text
from tallystick.project.validate import validate

FOLDER = Path(__file__).parent / "cases"
RULE = re.compile(
    r"(R-\d+\.\d+|T-(\d+)|F-[0-9]|H-[1-6]|I-([1-9]|[12]\d|30)|W-([1-9]|1[0-2])|M-[1-7])|restore policy|brake .+"
)
RANGE = re.compile(r"(?P<stem>.*?)(?P<first>\d+)\.\.(?P<last>\d+)")
LAST_ROW = 68


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class Strict(BaseModel):
    """Nothing but what is declared may be written."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Rows = dict[str, dict[str, Any]]
Reply = Literal[
    "401", "403", "404", "412", "422", "429", "500", "no connection", "time-out", "lost answer", "unreadable",
    "hidden", "hidden, but counted", "older state", "broken off", "without phone",
]  # fmt: skip


class System(Strict):
    """What is special about one system, and about the records of it that belong to the mapping.

    ``lines_inside``: contacts are no records but lines in a list inside their company. ``shares_companies``: what a
    contact is elsewhere is a company here, too. ``address_apart``: a company's city and phone are a record of their
    own, called ``address of NAME``.
    """

    creates: Literal["client_id", "key", "extid", "search", "none"] = "extid"
    conditional_writes: bool = True
    answers_with_record: bool = True
    lists_changes: bool = True
    marks_deleted: bool = False
    leaves_out_blanks: bool = True
    searchable: bool = True
    consistency_seconds: float = 0
    timeout_seconds: float = 30
    page_size: int = 100
    bulk: int = 0
    fields: dict[str, dict[str, Any]] = {}
    habits: dict[str, str] = {}
    where: dict[str, Any] = {}
    archive: dict[str, Any] = {}
    on_create: dict[str, Any] = {}
    external_id: str = ""
    cascades: bool = False
    lines_inside: bool = False
    shares_companies: bool = False
    address_apart: bool = False
    stops_at: str = ""


class Start(Strict):
    """How things stand. ``both`` are paired and in step; ``left`` and ``right`` were never seen by Tallystick."""

    both: Rows = {}
    left: Rows = {}
    right: Rows = {}


class Mapping(Strict):
    """The part of a mapping that a scenario sets, as in ``mappings/NAME.yaml``."""

    policy: dict[str, Any] = {}
    fields: dict[str, dict[str, Any] | None] = {}
    match: list[dict[str, Any]] | None = None
    without: Texts = ()


class Failure(Strict):
    """What goes wrong: which calls, about whom (all, if nobody is named), with which answer, how often."""

    when: Annotated[
        tuple[Literal["list", "read", "find", "create", "update", "delete"], ...], BeforeValidator(_as_list)
    ]
    reply: Reply = Field(alias="with")
    of: Texts = ()
    times: int = 1_000_000


class Run(Strict):
    """What a run does. What is left out did not happen; open questions and parked records stay as they were."""

    left_creates: Rows = Field({}, alias="left creates")
    right_creates: Rows = Field({}, alias="right creates")
    left_updates: Rows = Field({}, alias="left updates")
    right_updates: Rows = Field({}, alias="right updates")
    left_deletes: Texts = Field((), alias="left deletes")
    right_deletes: Texts = Field((), alias="right deletes")
    left_repeats: Texts = Field((), alias="left repeats")
    right_repeats: Texts = Field((), alias="right repeats")
    left_refuses: Texts = Field((), alias="left refuses")
    right_refuses: Texts = Field((), alias="right refuses")
    left_holds: Rows = Field({}, alias="left holds")
    right_holds: Rows = Field({}, alias="right holds")
    left_journal: Rows | None = Field(None, alias="left journal")
    right_journal: Rows | None = Field(None, alias="right journal")
    order: list[str] = []
    because: dict[str, str] = {}
    asks: list[str] | None = None
    parks: list[str] | None = None
    waits: Texts = ()
    held: Texts = ()
    released: Texts = ()
    fails: str = ""

    def creates(self, side: Side) -> Rows:
        """The records that are made on a side."""
        return self.left_creates if side == "left" else self.right_creates

    def updates(self, side: Side) -> Rows:
        """The fields that are changed on a side."""
        return self.left_updates if side == "left" else self.right_updates

    def deletes(self, side: Side) -> tuple[str, ...]:
        """The records that are deleted on a side."""
        return self.left_deletes if side == "left" else self.right_deletes

    def repeats(self, side: Side) -> tuple[str, ...]:
        """The creates that a side answers with the record that it made before."""
        return self.left_repeats if side == "left" else self.right_repeats

    def refuses(self, side: Side) -> tuple[str, ...]:
        """The writes that a side does not carry out."""
        return self.left_refuses if side == "left" else self.right_refuses

    def holds(self, side: Side) -> Rows:
        """What a side then holds, where that differs from what was written."""
        return self.left_holds if side == "left" else self.right_holds

    def journal(self, side: Side) -> Rows | None:
        """The values of a side that are kept because they are overwritten or lost; not looked at if not said."""
        return self.left_journal if side == "left" else self.right_journal


class Crash(Run):
    """A run that is killed before or after a write reaches a system."""

    before: str = ""
    after: str = ""


class Change(Mapping):
    """A person changes the mapping; what is not named returns to how the scenario began."""

    left_where: dict[str, Any] | None = Field(None, alias="left where")
    right_where: dict[str, Any] | None = Field(None, alias="right where")


class Step(Strict):
    """One step; exactly one of these."""

    left_adds: Rows | None = Field(None, alias="left adds")
    right_adds: Rows | None = Field(None, alias="right adds")
    left_edits: Rows | None = Field(None, alias="left edits")
    right_edits: Rows | None = Field(None, alias="right edits")
    left_deletes: Texts | None = Field(None, alias="left deletes")
    right_deletes: Texts | None = Field(None, alias="right deletes")
    left_restores: Texts | None = Field(None, alias="left restores")
    right_restores: Texts | None = Field(None, alias="right restores")
    left_fails: Failure | None = Field(None, alias="left fails")
    right_fails: Failure | None = Field(None, alias="right fails")
    left_heals: Literal["", "yes"] | None = Field(None, alias="left heals")
    right_heals: Literal["", "yes"] | None = Field(None, alias="right heals")
    wait: str | None = None
    change: Change | None = None
    run: Run | None = None
    full_run: Run | None = Field(None, alias="full run")
    plan: Run | None = None
    full_plan: Run | None = Field(None, alias="full plan")
    apply: Run | None = None
    crash: Crash | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_one(cls, value: Any) -> Any:
        if not isinstance(value, dict) or len(value) != 1:
            raise ValueError("a step is one line: who does what")
        [(verb, what)] = value.items()
        return {verb: {} if what is None and verb in _RUNS else "yes" if what is None else what}

    @property
    def verb(self) -> str:
        """What is done, as it is written."""
        [name] = self.model_fields_set
        return str(type(self).model_fields[name].alias or name)

    @property
    def what(self) -> Any:
        """What belongs to the verb."""
        [name] = self.model_fields_set
        return getattr(self, name)


_RUNS = {"run", "full run", "plan", "full plan", "apply"}


class Case(Mapping):
    """One scenario."""

    title: str
    why: str
    rules: list[str] = Field(min_length=1)
    open: str = ""
    mirror: str = ""
    reads_on: bool = False
    left: System = System()
    right: System = System()
    start: Start = Start()
    steps: list[Step] = Field(min_length=1)

    @model_validator(mode="after")
    def _rules_exist(self) -> "Case":
        for rule in self.rules:
            found = RULE.fullmatch(rule)
            if not found or (found[2] and not 1 <= int(found[2]) <= LAST_ROW):
                raise ValueError(f"'{rule}' is no rule of the specification")
        return self


class Theme(Strict):
    """One file: cases that belong together."""

    theme: str
    about: str
    cases: list[Case] = Field(min_length=1)


def read_theme(text: str, file: str) -> tuple[Theme, list[int]]:
    """Read one file; give it and the line of each case.

    Raises:
        ProjectError: with every problem and its place.
    """
    document = parse_text(text, file)
    source = Source((Layer(document),))
    problems: list[Problem] = list(document.problems)
    theme, complaints = validate(Theme, document.value)
    problems += source.problems(complaints)
    if theme is None or problems:
        raise ProjectError(f"{file} has problems", problems)
    return theme, [source.spot(("cases", at))[1] for at in range(len(theme.cases))]


def read_raw(text: str, file: str) -> Any:
    """Give the plain values of a file that ``read_theme`` accepted."""
    return parse_text(text, file).value


def theme_files() -> list[Path]:
    """Give all scenario files in their order."""
    return sorted(FOLDER.glob("*.yaml"))


def spread(rows: Rows) -> Rows:
    """Write out what stands for many: ``C1..3: {vat: "DE*"}`` is C1 with DE1, C2 with DE2, C3 with DE3."""
    found: Rows = {}
    for label, values in rows.items():
        for one, number in _each(label):
            found[one] = {k: v.replace("*", number) if number and isinstance(v, str) else v for k, v in values.items()}
    return found


def spread_names(labels: tuple[str, ...]) -> list[str]:
    """Write out names that stand for many."""
    return [one for label in labels for one, _ in _each(label)]


def _each(label: str) -> Iterator[tuple[str, str]]:
    many = RANGE.fullmatch(label)
    if not many:
        yield label, ""
        return
    for n in range(int(many["first"]), int(many["last"]) + 1):
        yield f"{many['stem']}{n}", str(n)


_SIDE = re.compile(r"(?<![a-z])(left|right)(?![a-z])")
_REASON = re.compile(r"(linked|half|dormant|tomb|parked|unlinked|erased)\.([A-Z])\.([A-Z])(\..*)?")


def mirrored(value: Any) -> Any:
    """Swap left and right everywhere: in keys, words, policies and reason codes."""
    if isinstance(value, dict):
        return {mirrored(k): mirrored(v) for k, v in value.items()}
    if isinstance(value, list):
        return [mirrored(v) for v in value]
    if not isinstance(value, str):
        return value
    code = _REASON.fullmatch(value)
    if code:
        return f"{code[1]}.{code[3]}.{code[2]}{mirrored(code[4] or '')}"
    return _SIDE.sub(lambda found: "right" if found[1] == "left" else "left", value)
