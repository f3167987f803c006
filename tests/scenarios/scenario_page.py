"""Write the scenarios as a page that people read.

python tests/scenarios/scenario_page.py docs/reference/scenarios.md
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scenario_file import Case, Change, Crash, Failure, Mapping, Rows, Run, Step, System, Theme, read_theme, theme_files

NOTICE = "<!-- Written by `make docs` from tests/scenarios/cases. Change it there. -->"
INTRO = """# Scenarios

Short stories about two systems and what a sync makes of them. The test suite plays each of them on the real engine,
once as written and once with left and right swapped, unless a story says why it cannot be swapped.

How to read them:

- The tables show how things stand. *Both* are paired and in step; *left* and *right* are there and never seen before.
  A record is called by its name at the start. What is not in the table is blank.
- Unless a story says otherwise, records are known by their number (`vat`), a record without counterpart is created on
  the other side, a deletion is carried over, and everything else is as [a mapping](mapping.md) has it by default. Both
  systems write on condition of a version, answer with what they stored, and find a record by an external id.
- What a run does not name has not happened: no other write, no other question. After each story three more runs must
  do nothing at all.
- The rules are those of the specification of the sync core; a reason is the cell of its decision table:
  state, left, right, and what settled it."""
SIDES = ("left", "right")


def page() -> str:
    """Give the whole page."""
    themes = [read_theme(path.read_text(encoding="utf-8"), path.name)[0] for path in theme_files()]
    parts = [NOTICE, "", INTRO, ""]
    parts += [f"- [{t.theme}](#{_anchor(t.theme)}): {len(t.cases)}" for t in themes]
    for theme in themes:
        parts += ["", *_theme(theme)]
    return "\n".join(parts).rstrip() + "\n"


def _anchor(title: str) -> str:
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c == "-")


def _theme(theme: Theme) -> Iterator[str]:
    yield from (f"## {theme.theme}", "", theme.about)
    for case in theme.cases:
        yield ""
        yield from _case(case)


def _case(case: Case) -> Iterator[str]:
    yield from (f"### {case.title}", "", f"{case.why} *{', '.join(case.rules)}*", "")
    if case.open:
        yield from (f"**Not so yet:** {case.open}.", "")
    settings = [*_mapping(case), *_system("left", case.left), *_system("right", case.right)]
    if settings:
        yield from ("Settings: " + "; ".join(settings) + ".", "")
    yield from _tables(case)
    for number, step in enumerate(case.steps, 1):
        yield f"{number}. {_step(step)}"
    if case.mirror:
        yield from ("", f"Not swapped: {case.mirror}.")


def _mapping(mapping: Mapping) -> Iterator[str]:
    for name, value in mapping.policy.items():
        yield f"`{name}: {_flat(value)}`"
    for name, value in mapping.fields.items():
        yield f"field {name} `{_flat(value)}`" if value else f"field {name}"
    if mapping.match is not None:
        yield f"`match: {_flat(mapping.match)}`"
    if mapping.without:
        yield "without the field " + _and(mapping.without)


def _system(side: str, system: System) -> Iterator[str]:
    said = [f"`{name}: {_flat(getattr(system, name))}`" for name in type(system).model_fields if _is_said(system, name)]
    if said:
        yield f"{side} {', '.join(said)}"


def _is_said(system: System, name: str) -> bool:
    return name in system.model_fields_set


def _tables(case: Case) -> Iterator[str]:
    rows = [(where, name, row) for where in ("both", *SIDES) for name, row in getattr(case.start, where).items()]
    if not rows:
        return
    fields = list(dict.fromkeys(field for _, _, row in rows for field in row))
    yield f"| | record | {' | '.join(fields)} |" if fields else "| | record |"
    yield "|---" * (len(fields) + 2) + "|"
    for where, name, row in rows:
        cells = [where, name, *(_cell(row[f]) if f in row else "" for f in fields)]
        yield "| " + " | ".join(cells) + " |"
    yield ""


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{side}: {_value(value[side])}" for side in SIDES if side in value)
    return _value(value)


def _value(value: Any) -> str:
    if value is None:
        return "blank"
    text = str(value)
    return f"`{text}`" if text != text.strip() or not text or "*" in text else text.replace("|", "\\|")


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flat(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _step(step: Step) -> str:
    verb, what = step.verb, step.what
    side, _, rest = verb.partition(" ")
    match rest or verb:
        case "adds" | "edits":
            return f"The {side} {rest} {_rows(what)}."
        case "deletes" | "restores":
            return f"The {side} {rest} {_and(what)}."
        case "fails":
            return _failure(side, what)
        case "heals":
            return f"The {side} works again."
        case "wait":
            return f"Wait {what}."
        case "change":
            return _change(what)
        case "crash":
            return _crash(what)
    return f"**{verb.capitalize()}:** {_outcome(what)}."


def _failure(side: str, failure: Failure) -> str:
    about = f" of {_and(failure.of)}" if failure.of else ""
    often = "" if failure.times > 1 else ", once"
    return f"The {side} fails to {_and(failure.when)}{about}: {failure.reply}{often}."


def _change(change: Change) -> str:
    said = [*_mapping(change)]
    said += [
        f"{s} `where: {_flat(w)}`" for s, w in zip(SIDES, (change.left_where, change.right_where), strict=True) if w
    ]
    return f"The mapping is changed: {'; '.join(said) or 'as at the beginning'}."


def _crash(crash: Crash) -> str:
    moment = f"before the {crash.before}" if crash.before else f"after the {crash.after}"
    done = _outcome(crash)
    return f"**Run:** the process dies {moment}" + ("." if done == "nothing" else f": {done}.")


def _outcome(run: Run) -> str:
    parts: list[str] = []
    for side in SIDES:
        here = [f"creates {_rows(run.creates(side))}" if run.creates(side) else ""]
        here.append(f"updates {_rows(run.updates(side))}" if run.updates(side) else "")
        here.append(f"deletes {_and(run.deletes(side))}" if run.deletes(side) else "")
        here.append(f"gives again {_and(run.repeats(side))}" if run.repeats(side) else "")
        here.append(f"does not carry out the write of {_and(run.refuses(side))}" if run.refuses(side) else "")
        here.append(f"then holds {_rows(run.holds(side))}" if run.holds(side) else "")
        kept = run.journal(side)
        here.append(f"has in the journal {_rows(kept)}" if kept else "")
        if any(here):
            parts.append(f"the {side} {', '.join(filter(None, here))}")
    parts += [f"in the order {', '.join(run.order)}"] if run.order else []
    parts += [f"reason `{', '.join(run.because.values())}`"] if run.because else []
    parts += _list("asks", run.asks) + _list("parks", run.parks)
    parts += [f"waits: {_and(run.waits)}"] if run.waits else []
    parts += [f"held: {_and(run.held)}"] if run.held else []
    parts += [f"released: {_and(run.released)}"] if run.released else []
    parts += [f"it fails with `{run.fails}`"] if run.fails else []
    return "; ".join(parts) or "nothing"


def _list(verb: str, items: list[str] | None) -> list[str]:
    if items is None:
        return []
    return [
        f"{verb} {', '.join(items)}" if items else {"asks": "no question is open", "parks": "nothing is parked"}[verb]
    ]


def _rows(rows: Rows) -> str:
    return "; ".join(
        f"{name} ({', '.join(f'{k}: {_value(v)}' for k, v in row.items())})" if row else name
        for name, row in rows.items()
    )


def _and(names: Iterable[str]) -> str:
    found = list(names)
    return " and ".join(filter(None, [", ".join(found[:-1]), found[-1]])) if found else ""


def main() -> None:
    """Write the page where the first argument says."""
    path = Path(sys.argv[1])
    path.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()
