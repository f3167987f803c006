"""Show what a system will refuse: on the terminal, as JSON, as a Markdown page."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tallystick.checklist.sample import Sample
from tallystick.cli.output import Screen, number, visible
from tallystick.cli.predict_look import Forecast, Help
from tallystick.core.prediction import Example
from tallystick.core.record import UNKNOWN
from tallystick.core.rule import LIKELY

_EFFECTS: Final = {
    "record": "not written at all",
    "field": "written without the field",
    "change": "the systems would never agree",
    "likely": "sent all the same",
    "loss": "written, and comes back so",
    "warning": "written anyway",
}


def prediction_document(forecast: Forecast, *, reveal: bool) -> dict[str, Any]:
    """Write a prediction as JSON."""
    found = forecast.found
    return {
        "mapping": found.mapping,
        "side": found.side,
        "system": forecast.system,
        "source": forecast.source,
        "sample": forecast.is_sample,
        "read": found.read,
        "judged": found.judged,
        "kept": found.kept,
        "unreadable": found.unreadable,
        "waiting": found.waiting,
        "stopped": found.stopped,
        "likely": found.likely,
        "refusals": [
            {
                "field": help_.refusal.field,
                "code": help_.refusal.code,
                "rule": help_.refusal.message,
                "effect": help_.refusal.effect,
                "count": help_.refusal.count,
                "where": help_.where,
                "hint": help_.refusal.hint,
                "yaml": help_.remedy,
                "examples": [
                    {"record": e.record, "value": _values(e, reveal=reveal), "detail": e.detail}
                    for e in help_.refusal.examples
                ],
            }
            for help_ in forecast.helps
        ],
    }


def show_prediction(screen: Screen, forecast: Forecast, *, reveal: bool) -> None:
    """Write a prediction on the terminal."""
    screen.title(f"{forecast.found.mapping}: {forecast.source} to {forecast.system}")
    screen.say(f"  {_summary(forecast)}")
    for help_ in forecast.helps:
        screen.say(f"  {_headline(help_)}")
        for line in _lines(help_, reveal=reveal):
            screen.say(f"    {line}")


def markdown_page(forecasts: Sequence[Forecast], *, reveal: bool) -> str:
    """Write predictions as a Markdown page, one chapter for each side of a mapping."""
    return "\n".join(["# Predicted refusals", "", *(line for f in forecasts for line in _chapter(f, reveal=reveal))])


def _chapter(forecast: Forecast, *, reveal: bool) -> Iterator[str]:
    yield from (f"## {forecast.found.mapping}: {forecast.source} to {forecast.system}", "", _summary(forecast), "")
    if not forecast.helps:
        return
    yield from ("| records | field | rule | consequence | for example | what helps |", "| ---: " + "| --- " * 5 + "|")
    for help_ in forecast.helps:
        refusal = help_.refusal
        shown = "; ".join(f"{e.record}: {_values(e, reveal=reveal)}" for e in refusal.examples)
        cells = [
            number(refusal.count), refusal.field, refusal.message, _EFFECTS[refusal.effect], shown,
            f"`{help_.remedy}` in {help_.where}" if help_.remedy else f"{refusal.hint} ({help_.where})".strip(),
        ]  # fmt: skip
        yield "| " + " | ".join(visible(cell).replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _summary(forecast: Forecast) -> str:
    found = forecast.found
    parts = [f"{number(found.read, 'record')} read{' (a sample)' if forecast.is_sample else ''}"]
    parts += [f"{number(found.kept)} not to be written by policy"] if found.kept else []
    parts += [f"{number(found.unreadable)} cannot be read"] if found.unreadable else []
    parts += [f"{number(found.waiting)} wait for the record that they point to"] if found.waiting else []
    parts += [f"{number(found.likely)} likely to be refused"] if found.likely else []
    if found.stopped:
        parts.append(f"{number(found.stopped)} would not be written")
    elif not found.refused:
        parts.append(f"{forecast.system} would take all of them")
    return ", ".join(parts)


def _headline(help_: Help) -> str:
    refusal = help_.refusal
    name = f"{refusal.field}: " if refusal.field else ""
    said = refusal.message.replace(f"{LIKELY}{refusal.field} ", LIKELY)
    return f"{number(refusal.count, 'record')}  {name}{said} ({_EFFECTS[refusal.effect]})"


def _values(example: Example, *, reveal: bool) -> str:
    values = (example.value,) if example.back is UNKNOWN else (example.value, example.back)
    return " -> ".join(Sample(value).shown(reveal=reveal) for value in values)


def _lines(help_: Help, *, reveal: bool) -> Iterator[str]:
    for example in help_.refusal.examples:
        shown = "" if example.value is UNKNOWN else _values(example, reveal=reveal)
        yield f"{example.record}: " + "  ".join(part for part in (shown, example.detail) if part)
    if help_.remedy:
        yield f"to let them pass, at {help_.where}: {help_.remedy}"
    elif help_.refusal.hint:
        yield f"{help_.refusal.hint} ({help_.where})"
